/** Many more adapters than rows: all of them in memory, and more than fit into it. */
import type { EngineClient } from '../../../daemon/serve/engine/client.ts';
import { fullBatch, ROWS } from './crowd.ts';
import { crowdRate, timed } from './engine.ts';
import { inTurns, median, ratioOf } from './figures.ts';
import { adapters, loader, type Setting, withEngine } from './setting.ts';

/** The same adapter in all rows against rows that each draw one of 1,000 and of 10,000 in memory. */
export async function resident(setting: Setting): Promise<void> {
  const { base, rounds, small } = setting;
  const counts = [1000, 10_000].map((count) => count / small);
  const most = Math.max(...counts);
  const { hashOf } = adapters(base, 'vera');
  await withEngine(setting, { bankBytes: 1e12 }, loader(base, 'vera', most), async (engine) => {
    const rate = async (count: number): Promise<number> =>
      crowdRate(await fullBatch(setting, engine, (row) => hashOf((row * 2_654_435_761) % count)));
    await bring(engine, hashOf, 0, 1);
    const pairs: { one: number[]; many: number[]; count: number }[] = [];
    let there = 1;
    for (const count of counts) {
      await bring(engine, hashOf, there, count);
      there = count;
      const values = await inTurns(rounds, { one: () => rate(1), many: () => rate(count) });
      pairs.push({ ...values, count });
    }
    for (const { one, many, count } of pairs)
      setting.report({
        ...{
          part: 'resident',
          what: `${ROWS} requests, each with one of ${count} adapters in memory`,
          unit: 'tokens/s',
        },
        ...{ value: median(many), beside: { name: 'all with the same one', value: median(one) } },
        ...{ ratio: ratioOf(many, one), target: { ratio: 0.9 } },
      });
  });
}

async function bring(engine: EngineClient, hashOf: (i: number) => string, from: number, to: number): Promise<void> {
  for (let i = from; i < to; i += 50)
    await Promise.all(Array.from({ length: Math.min(50, to - i) }, (_, j) => engine.prepare(hashOf(i + j))));
}

const REQUESTS = 192;

/**
 * 32 clients that each ask again as soon as they have an answer, with a bank for 64 adapters: all of their adapters fit; 128 in random
 * order, so that about half are there; and 128 one after another, so that the one that is asked for has always just left.
 */
export async function overload(setting: Setting): Promise<void> {
  const { base, prompts, rounds, small } = setting;
  const bank = 2 * ROWS;
  const made = adapters(base, 'vera');
  const { hashOf } = made;
  const bankBytes = bank * made.make(0).theta.byteLength;
  const ways = {
    fits: () => (i: number) => i % bank,
    random: () => (i: number) => (i * 2_654_435_761) % (2 * bank),
    turns: () => (i: number) => i % (2 * bank),
  };
  await withEngine(setting, { bankBytes }, loader(base, 'vera', 2 * bank), async (engine) => {
    const hits: Record<string, number[]> = { fits: [], random: [], turns: [] };
    let asked = 0;
    const rate = async (way: keyof typeof ways): Promise<number> => {
      const before = (await engine.stats())!.bank.loaded;
      const end = asked + Math.round(REQUESTS / small);
      const pick = ways[way]();
      let tokens = 0;
      const start = performance.now();
      const client = async (): Promise<void> => {
        while (asked < end) {
          const adapter = hashOf(pick(asked++));
          const request = { prompt: { tokens: prompts.fresh(32) }, adapter, maxTokens: 16, lookup: false };
          tokens += (await timed(engine, request)).times.length;
        }
      };
      const first = asked;
      await Promise.all(Array.from({ length: ROWS }, client));
      const seconds = (performance.now() - start) / 1000;
      hits[way]!.push(1 - ((await engine.stats())!.bank.loaded - before) / (asked - first));
      return tokens / seconds;
    };
    await bring(engine, hashOf, 0, bank);
    const values = await inTurns(rounds, {
      fits: async () => {
        await bring(engine, hashOf, 0, bank);
        return rate('fits');
      },
      random: () => rate('random'),
      turns: () => rate('turns'),
    });
    const shareOf = (way: string): string => `${(100 * median(hits[way]!)).toFixed(0)} %`;
    for (const [way, order] of [
      ['random', 'at random'],
      ['turns', 'in turn'],
    ] as const)
      setting.report({
        part: 'overload',
        what: `${2 * bank} adapters ${order}, a bank for ${bank}: ${shareOf(way)} found there`,
        ...{ unit: 'tokens/s', value: median(values[way]) },
        beside: { name: `${bank} adapters: ${shareOf('fits')}`, value: median(values.fits) },
        ...{ ratio: ratioOf(values[way], values.fits), target: { ratio: 0.9 } },
      });
  });
}
