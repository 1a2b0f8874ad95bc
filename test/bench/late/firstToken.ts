/** How soon an answer begins after another adapter, or the base, has read the same context. */
import { Engine } from '../../../daemon/serve/engine/engine.ts';
import { answerOf, type MadeAdapter, madeAdapter } from '../../engine.ts';
import { median } from '../serve/figures.ts';
import { promptsOf } from '../serve/prompts.ts';
import { type LateSetting, STARTS } from './setting.ts';

const CONTEXTS = [256, 1000];
/** Adapters that answer after the same context, for the memory that their blocks take. */
const SHARING = 4;

/** A row of the report. Times are in milliseconds, medians of the rounds. */
export interface FirstToken {
  readonly method: string;
  readonly start: string;
  readonly context: number;
  /** Nobody has read the context. */
  readonly cold: number;
  /** The base has read it: what the first answer after a switch or another training finds. */
  readonly switched: number;
  /** The same adapter has read it. */
  readonly warm: number;
  /** Megabytes of blocks that the context takes after the base and so many adapters have read it. */
  readonly megabytes: number;
}

export async function firstToken(setting: LateSetting, rounds: number): Promise<FirstToken[]> {
  const { base, tokenizer, cache, threads } = setting;
  const prompts = promptsOf(tokenizer);
  const rows: FirstToken[] = [];
  for (const { method, rank } of setting.methods)
    for (const [name, start] of Object.entries(STARTS)) {
      const adapters = Array.from({ length: SHARING }, (_, seed) =>
        madeAdapter(base, { method, rank, seed, size: 0.01, start }),
      );
      const engine = await Engine.create({
        ...{ base, tokenizer, precision: 'int8', cache, session: { threads }, prefixBytes: 4e9, bankBytes: 4e9 },
        load: (hash) => Promise.resolve(adapters.find((adapter) => adapter.hash === hash)!),
      });
      for (const { hash } of adapters) await engine.prepare(hash);
      const ask = async (tokens: readonly number[], adapter?: MadeAdapter): Promise<number> => {
        const request = { prompt: { tokens }, adapter: adapter?.hash, maxTokens: 1, ignoreEnd: true };
        return (await answerOf(engine.submit(request))).end.timing.firstTokenMs!;
      };
      for (const context of CONTEXTS) {
        const times = { cold: [] as number[], switched: [] as number[], warm: [] as number[] };
        let megabytes = 0;
        for (let round = -1; round < rounds; round++) {
          const cold = await ask(prompts.fresh(context), adapters[0]);
          const tokens = prompts.fresh(context);
          const before = engine.stats().prefixCache.bytes;
          await ask(tokens);
          const switched = await ask(tokens, adapters[0]);
          const warm = await ask(tokens, adapters[0]);
          if (round < 0) {
            for (const adapter of adapters.slice(1)) await ask(tokens, adapter);
            megabytes = (engine.stats().prefixCache.bytes - before) / 1e6;
            continue; // the first round warms up
          }
          times.cold.push(cold);
          times.switched.push(switched);
          times.warm.push(warm);
        }
        const [cold, switched, warm] = [median(times.cold), median(times.switched), median(times.warm)];
        rows.push({ method, start: name, context, cold, switched, warm, megabytes });
        console.log(
          `${method}, ${name}, ${context} tokens: first token ${cold.toFixed(0)} ms, after the base has read the context ${switched.toFixed(0)} ms, after itself ${warm.toFixed(0)} ms; ${megabytes.toFixed(1)} MB of blocks for the base and ${SHARING} adapters`,
        );
      }
      await engine.release();
    }
  return rows;
}
