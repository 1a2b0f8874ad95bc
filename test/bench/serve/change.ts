/** What an adapter costs: its memory, bringing it from the catalog, and changing to it. */
import { join } from 'node:path';
import { openCatalog } from '../../../daemon/catalog/open.ts';
import { selectSites } from '../../../daemon/methods/targets.ts';
import { linearSites } from '../../../daemon/models/registry.ts';
import { storedAdapter } from '../../../daemon/serve/storedAdapter.ts';
import { fillCatalog } from './catalog.ts';
import { timed } from './engine.ts';
import { inTurns, median } from './figures.ts';
import { writeLora } from './loraFile.ts';
import { adapters, loader, type Setting, TARGETS, withEngine } from './setting.ts';

/** The bytes of an adapter in the bank, of VeRA and of LoRA. */
export async function memory(setting: Setting): Promise<void> {
  const { base } = setting;
  const count = 8;
  const bytesOf = (name: 'vera' | 'lora'): Promise<number> =>
    withEngine(setting, {}, loader(base, name, count), async (engine) => {
      const { hashOf } = adapters(base, name);
      for (let i = 0; i < count; i++) await engine.prepare(hashOf(i));
      return (await engine.stats())!.bank.bytes / count;
    });
  const [vera, lora] = [await bytesOf('vera'), await bytesOf('lora')];
  setting.report({
    ...{ part: 'memory', what: 'an adapter in memory, VeRA r 256, q and v', unit: 'kB', value: vera / 1000 },
    ...{ beside: { name: 'LoRA r 16, the same layers', value: lora / 1000 }, ratio: lora / vera },
  });
}

const COUNT = 64;

/** The time to the first token with an adapter that others than the last request had, with prompts that were read before. */
export async function change(setting: Setting): Promise<void> {
  const { base, prompts, rounds, small, scratch } = setting;
  const prompt = { tokens: prompts.fresh(200 / small) };
  const home = join(scratch, 'change');
  const hashes = await fillCatalog(setting, home, COUNT);
  const catalog = await openCatalog(join(home, 'catalog', 'catalog.db'));
  try {
    await withEngine(
      setting,
      {},
      (hash) => storedAdapter(catalog, hash),
      async (engine) => {
        const first = async (i: number): Promise<number> =>
          (await timed(engine, { prompt, adapter: hashes[i]!, maxTokens: 1 })).times[0]!;
        const few = [1, 2, 3, 4];
        for (const i of few) await first(i);
        const values = await inTurns(5 * rounds, {
          same: async () => {
            await first(1);
            return first(1);
          },
          other: async (round) => {
            await first(few[round % 4]!);
            return first(few[(round + 1) % 4]!);
          },
        });
        setting.report({
          ...{
            part: 'change',
            what: 'first token with another adapter than before',
            unit: 'ms',
            value: median(values.other),
          },
          beside: { name: 'with the same one', value: median(values.same) },
          ratio: median(values.same) / median(values.other),
        });
        const brought: number[] = [];
        for (let i = 8; i < COUNT; i++) {
          const start = performance.now();
          await engine.prepare(hashes[i]!);
          brought.push(performance.now() - start);
        }
        setting.report({
          ...{ part: 'change', what: 'an adapter from the catalog into memory', unit: 'ms', value: median(brought) },
        });
      },
    );
  } finally {
    await catalog.close();
  }
  const llama = await setting.llama();
  if (!llama) return;
  const sites = selectSites(linearSites(base.config), TARGETS);
  const times: number[] = [];
  for (let i = 0; i < 4; i++) {
    const lora = join(scratch, `change${i}.gguf`);
    writeLora(lora, sites, 16, 100 + i);
    const start = performance.now();
    const context = await llama.context({ sequences: 1, room: 512, lora });
    await llama.generate(context, [prompt.tokens], 1);
    times.push(performance.now() - start);
    await llama.dispose(context);
  }
  setting.report({
    part: 'change',
    what: 'llama.cpp: a context with another LoRA from a file, and the prompt read again',
    ...{ unit: 'ms', value: median(times) },
  });
}
