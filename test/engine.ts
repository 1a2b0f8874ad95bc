/** Engines and adapters for tests of serving. */
import { createHash } from 'node:crypto';
import type { Tokenizer } from '../daemon/data/tokenizer.ts';
import { layoutOf } from '../daemon/layout.ts';
import type { MethodOptions } from '../daemon/methods/method.ts';
import { optionsOf } from '../daemon/methods/options.ts';
import type { StartOptions } from '../daemon/methods/start.ts';
import { seededUniform } from '../daemon/methods/random.ts';
import { adapterMethod } from '../daemon/methods/registry.ts';
import { selectSites } from '../daemon/methods/targets.ts';
import type { BaseModel } from '../daemon/models/base.ts';
import { linearSites } from '../daemon/models/registry.ts';
import { VeraError } from '../daemon/protocol/errors.ts';
import type { StoredAdapter } from '../daemon/serve/engine/bank.ts';
import { Engine, type EngineOptions } from '../daemon/serve/engine/engine.ts';
import type { EndPiece, Piece } from '../daemon/serve/engine/request.ts';

/** A tokenizer for models without one: token n is the letter of code 0x100 + n. */
export const letters: Tokenizer = {
  encode: (text) => Array.from(text, (letter) => letter.codePointAt(0)! - 0x100),
  decode: (ids) => String.fromCodePoint(...ids.map((id) => id + 0x100)),
  vocabSize: 1000,
  tokenId: () => undefined,
};

export interface MadeAdapter extends StoredAdapter {
  readonly options: MethodOptions;
}

/** An adapter with random values. `start`: the options of one that starts late. */
export function madeAdapter(
  base: BaseModel,
  {
    method = 'vera',
    targets = 'all-linear',
    layers,
    seed = 0,
    size = 0.3,
    ...given
  }: Record<string, unknown> & {
    method?: string;
    targets?: string;
    layers?: string;
    seed?: number;
    size?: number;
  },
): MadeAdapter {
  const kind = adapterMethod(method);
  const { start = {} } = given as { start?: StartOptions };
  const options = { ...optionsOf(kind, given as Record<string, number>), ...start };
  const sites = selectSites(linearSites(base.config), targets, layers);
  const theta = seededUniform(`adapter ${seed}`, layoutOf(kind.tensors(sites, options)).size, size);
  const hash = createHash('sha256')
    .update(JSON.stringify([base.fingerprint, method, options, sites]))
    .update(new Uint8Array(theta.buffer))
    .digest('hex');
  return { hash, base: base.fingerprint, method, options, sites, theta };
}

/** Does something with an engine that serves these adapters, with float32 weights on one thread unless the options say otherwise. */
export async function withEngine<T>(
  options: Pick<EngineOptions, 'base' | 'cache'> & Partial<EngineOptions>,
  adapters: readonly MadeAdapter[],
  use: (engine: Engine) => Promise<T>,
): Promise<T> {
  const engine = await Engine.create({
    ...{ tokenizer: letters, precision: 'fp32', session: { threads: 1 } },
    load: (hash) => {
      const found = adapters.find((adapter) => adapter.hash === hash);
      return found ? Promise.resolve(found) : Promise.reject(new VeraError('missing', `no adapter ${hash}`));
    },
    ...options,
  });
  try {
    return await use(engine);
  } finally {
    await engine.release();
  }
}

/** The whole answer. */
export async function answerOf(
  pieces: AsyncIterable<Piece>,
): Promise<{ text: string; tokens: number[]; end: EndPiece; pieces: Piece[] }> {
  let text = '';
  const tokens: number[] = [];
  const all: Piece[] = [];
  for await (const piece of pieces) {
    all.push(piece);
    if (piece.type === 'end') return { text, tokens, end: piece, pieces: all };
    text += piece.text;
    tokens.push(...piece.tokens);
  }
  throw new Error('the answer has no end');
}
