/** What every part of bench:serve needs. Processes are started when a part first asks for them. */
import { createHash } from 'node:crypto';
import type { Tokenizer } from '../../../daemon/data/tokenizer.ts';
import { cacheFolder } from '../../../daemon/home.ts';
import { layoutOf } from '../../../daemon/layout.ts';
import { optionsOf } from '../../../daemon/methods/options.ts';
import { seededUniform } from '../../../daemon/methods/random.ts';
import { adapterMethod } from '../../../daemon/methods/registry.ts';
import { selectSites } from '../../../daemon/methods/targets.ts';
import type { BaseModel } from '../../../daemon/models/base.ts';
import { linearSites } from '../../../daemon/models/registry.ts';
import type { StoredAdapter } from '../../../daemon/serve/engine/bank.ts';
import { type EngineClient, engineClient } from '../../../daemon/serve/engine/client.ts';
import type { EngineStart } from '../../../daemon/serve/engine/messages.ts';
import type { Figure } from './figures.ts';
import type { Limits } from './limits.ts';
import type { Llama } from './llama.ts';
import type { Prompts } from './prompts.ts';

export interface Setting {
  readonly base: BaseModel;
  readonly tokenizer: Tokenizer;
  readonly prompts: Prompts;
  readonly limits: Limits;
  readonly precision: string;
  readonly threads: number;
  readonly rounds: number;
  /** Divides the lengths and counts of a part, for a quick look at whether it works. */
  readonly small: number;
  /** A folder that is removed at the end. */
  readonly scratch: string;
  /** undefined where the engine is measured alone. */
  llama(): Promise<Llama | undefined>;
  report(figure: Figure): void;
}

/** What a person who uses VeRA trains by default: q and v. */
export const TARGETS = 'q_proj,v_proj';
const RANK = { vera: 256, lora: 16 };

/** The adapters of a method, each with other values, by number. They are made when they are asked for. */
export function adapters(
  base: BaseModel,
  name: 'vera' | 'lora',
): { hashOf: (i: number) => string; make: (i: number) => StoredAdapter } {
  const method = adapterMethod(name);
  const options = optionsOf(method, { rank: RANK[name] });
  const sites = selectSites(linearSites(base.config), TARGETS);
  const { size } = layoutOf(method.tensors(sites, options));
  // Each adapter is another part of the same random numbers: 10,000 of them are made in a moment.
  const pool = seededUniform(`adapters ${name}`, 2 * size, 0.02);
  const hashOf = (i: number): string => createHash('sha256').update(`${base.fingerprint} ${name} ${i}`).digest('hex');
  return {
    hashOf,
    make(i) {
      const start = (i * 7919) % size;
      const theta = pool.slice(start, start + size);
      theta[0] = i / 1e5;
      return { hash: hashOf(i), base: base.fingerprint, method: name, options, sites, theta };
    },
  };
}

/** Uses an engine of the base, with adapters by their hash, and ends it. */
export async function withEngine<T>(
  { base, precision, threads }: Setting,
  start: Partial<EngineStart>,
  load: (hash: string) => Promise<StoredAdapter>,
  use: (engine: EngineClient) => Promise<T>,
): Promise<T> {
  const engine = engineClient({
    start: { base: base.dir, precision, cache: cacheFolder(), threads, ...start },
    load,
    onCrash: (reason, output) => console.error(`the engine ended: ${reason}\n${output}`),
  });
  try {
    await engine.info();
    return await use(engine);
  } finally {
    await engine.stop(5000);
  }
}

export const noAdapters = (hash: string): Promise<StoredAdapter> =>
  Promise.reject(new Error(`there is no adapter ${hash}`));

/** Adapters of a method with the numbers 0 to count - 1. */
export function loader(
  base: BaseModel,
  name: 'vera' | 'lora',
  count: number,
): (hash: string) => Promise<StoredAdapter> {
  const made = adapters(base, name);
  const numbers = new Map(Array.from({ length: count }, (_, i) => [made.hashOf(i), i]));
  return async (hash) => made.make(numbers.get(hash)!);
}
