/** How soon a completion begins in an editor: through a daemon of its own, over RPC as the extension asks and over HTTP as others do. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from '../../../daemon/client/connect.ts';
import type { Discovery } from '../../../daemon/life/discovery.ts';
import { generate } from '../../../daemon/protocol/generation.ts';
import { stop } from '../../../daemon/protocol/life.ts';
import { BLOCK } from '../../../daemon/serve/engine/attention.ts';
import { firstKey, nextKey, PrefixCache } from '../../../daemon/serve/engine/prefixCache.ts';
import { RowTable } from '../../../daemon/serve/engine/rows.ts';
import { root, sources } from '../../sources.ts';
import { fillCatalog } from './catalog.ts';
import { median, percentile } from './figures.ts';
import type { Setting } from './setting.ts';

const TOKENS = 1000;
/** Characters that are typed between two requests. */
const TYPED = 12;
const WARM_FOR_EACH = 4;
const MARKS = { warm: 150, cold: 500 };

/** Milliseconds of one request, by stage. Transport: what the engine does not see. */
interface Stages {
  readonly total: number;
  readonly transport: number;
  readonly tokenizer: number;
  readonly queue: number;
  readonly reading: number;
}

export async function completion(setting: Setting): Promise<void> {
  const { tokenizer, rounds, small } = setting;
  const tokens = TOKENS / small;
  const home = join(setting.scratch, 'completion');
  await fillCatalog(setting, home, 1);
  const before = process.env['VERA_HOME'];
  process.env['VERA_HOME'] = home;
  const client = await connect({ daemonArgs: ['--idle-minutes', '5', '--serve-precision', setting.precision] });
  try {
    const files = sources(['.ts'])
      .filter((file) => file.startsWith('daemon/') || file.startsWith('extension/'))
      .map((file) => readFileSync(join(root, file), 'utf8'))
      .filter((text) => text.length > (tokens + 100) * 5);
    /** The beginning of a file of about `tokens` tokens, as typed so far. */
    const prefixOf = (text: string, typed: number): string =>
      tokenizer.decode(tokenizer.encode(text).slice(0, tokens)) + text.slice(-1000, -1000 + typed);
    const rpc = async (text: string): Promise<Stages> => {
      const prompt = tokenizer.fim ? { prefix: text, suffix: '\n}\n' } : { text };
      const start = performance.now();
      let total = 0;
      const onProgress = (value: object): void => {
        if ('text' in value) total ||= performance.now() - start;
      };
      const { timing } = await client.call(generate, { prompt, maxTokens: 4 }, { onProgress });
      const { tokenizedMs: tokenizer_, queuedMs, firstTokenMs = 0 } = timing;
      total ||= performance.now() - start; // its first token had no text
      return {
        ...{ total, transport: total - firstTokenMs, tokenizer: tokenizer_ },
        ...{ queue: queuedMs - tokenizer_, reading: firstTokenMs - queuedMs },
      };
    };
    const daemon = client.daemon()!;
    await rpc(files[0]!.slice(0, 200)); // starts the engine
    const all = { cold: [] as Stages[], warm: [] as Stages[], http: [] as number[] };
    const wanted = 8 * rounds;
    for (const text of files.slice(1, 1 + wanted)) {
      all.cold.push(await rpc(prefixOf(text, 0)));
      for (let i = 1; i <= WARM_FOR_EACH; i++) all.warm.push(await rpc(prefixOf(text, i * TYPED)));
      all.http.push(await httpFirst(daemon, prefixOf(text, (WARM_FOR_EACH + 1) * TYPED)));
    }
    for (const kind of ['warm', 'cold'] as const) {
      const times = all[kind].map(({ total }) => total);
      const sum = (name: keyof Stages): number => all[kind].reduce((total, one) => total + one[name], 0);
      const stage = (name: keyof Stages): string => `${name} ${((100 * sum(name)) / sum('total')).toFixed(0)} %`;
      const shares = (['transport', 'tokenizer', 'queue', 'reading'] as const).map(stage).join(', ');
      const what = `first text after ${tokens} tokens, ${kind}`;
      const figure = { part: 'completion', unit: 'ms', target: { most: MARKS[kind] } };
      setting.report({ ...figure, what: `${what}, p50: ${shares}`, value: median(times) });
      setting.report({ ...figure, what: `${what}, p95`, value: percentile(times, 95) });
    }
    const [p50, p95] = [median(all.http), percentile(all.http, 95)];
    const figure = { part: 'completion', unit: 'ms', target: { most: MARKS.warm } };
    setting.report({ ...figure, what: 'over HTTP (/v1/completions), warm, p50', value: p50 });
    setting.report({ ...figure, what: 'over HTTP, warm, p95', value: p95 });
    const value = prefixLookup(setting, tokens);
    setting.report({
      part: 'completion',
      what: 'of reading, warm: blocks found in the prefix cache',
      unit: 'ms',
      value,
    });
  } finally {
    await client.call(stop, {}).catch(() => undefined);
    await client.close();
    if (before === undefined) delete process.env['VERA_HOME'];
    else process.env['VERA_HOME'] = before;
  }
}

/** Milliseconds until the first event of a streamed answer. */
async function httpFirst({ port, token }: Discovery, text: string): Promise<number> {
  const start = performance.now();
  const response = await fetch(`http://127.0.0.1:${port}/v1/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({ prompt: text, max_tokens: 4, temperature: 0, stream: true }),
  });
  if (!response.ok) throw new Error(await response.text());
  let first = 0;
  for await (const _ of response.body!) first ||= performance.now() - start;
  return first;
}

/** Milliseconds in which the blocks of a prompt are found and copied into a row. */
function prefixLookup({ base, prompts }: Setting, tokens: number): number {
  const { layers, kvHeads, headDim } = base.config;
  const size = layers * kvHeads * headDim * BLOCK;
  const ids = prompts.fresh(tokens);
  const starts = Array.from({ length: Math.floor(tokens / BLOCK) }, (_, i) => i * BLOCK);
  const first = firstKey({ base: base.fingerprint, precision: 'int8', adapter: '' });
  const cache = new PrefixCache(1e9);
  const keysOf = (): string[] => {
    const keys = [first];
    for (const start of starts) keys.push(nextKey(keys.at(-1)!, ids.slice(start, start + BLOCK)));
    return keys.slice(1);
  };
  for (const key of keysOf()) cache.add(key, { keys: new Float32Array(size), values: new Float32Array(size) });
  const times = Array.from({ length: 9 }, () => {
    const table = new RowTable(base.config, 0);
    const row = table.add(new Float32Array(), tokens);
    const start = performance.now();
    const keys = keysOf();
    table.addBlocks(
      row,
      keys.map((key) => cache.get(key)!),
    );
    cache.touch(keys);
    return performance.now() - start;
  });
  return median(times);
}
