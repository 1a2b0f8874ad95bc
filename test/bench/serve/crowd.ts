/** Many requests at once. */
import { join } from 'node:path';
import { selectSites } from '../../../daemon/methods/targets.ts';
import { linearSites } from '../../../daemon/models/registry.ts';
import type { EngineClient } from '../../../daemon/serve/engine/client.ts';
import { crowdRate, decodeRate, timed, wholeRate } from './engine.ts';
import { inTurns, median, ratioOf } from './figures.ts';
import { writeLora } from './loraFile.ts';
import { adapters, loader, type Setting, TARGETS, withEngine } from './setting.ts';

export const ROWS = 32;
const [PROMPT, COUNT] = [64, 48];

/** The answers of a full batch: milliseconds of each token, [ROWS][COUNT]. adapterOf: content hash for each row. */
export async function fullBatch(
  { prompts, small }: Setting,
  engine: EngineClient,
  adapterOf: (row: number) => string | undefined,
): Promise<(readonly number[])[]> {
  const answers = await Promise.all(
    Array.from({ length: ROWS }, (_, row) =>
      timed(engine, {
        prompt: { tokens: prompts.fresh(PROMPT / small) },
        adapter: adapterOf(row),
        ...{ maxTokens: COUNT / small, lookup: false },
      }),
    ),
  );
  return answers.map(({ times }) => times);
}

/** 32 requests with 32 adapters, beside what llama.cpp can do: one batch on the base, or one adapter after another. */
export async function crowd(setting: Setting): Promise<void> {
  const { base, prompts, limits, rounds, small, scratch } = setting;
  const llama = await setting.llama();
  const { hashOf } = adapters(base, 'vera');
  await withEngine(setting, {}, loader(base, 'vera', ROWS), async (engine) => {
    const whole: number[] = [];
    const wholeLlama: number[] = [];
    const ours = async (): Promise<number> => {
      const answers = await fullBatch(setting, engine, hashOf);
      whole.push(wholeRate(answers));
      return crowdRate(answers);
    };
    await ours();
    whole.length = 0;
    const figure = { part: 'crowd', unit: 'tokens/s' };
    const what = `${ROWS} requests with ${ROWS} VeRA adapters`;
    const limit = limits.decode(ROWS, (PROMPT + COUNT / 2) / small);
    if (llama === undefined) {
      const { ours: values } = await inTurns(rounds, { ours });
      setting.report({ ...figure, what, value: median(values), limit });
      setting.report({ ...figure, what: 'the same, prompts included', value: median(whole) });
      return;
    }
    const batch = await llama.context({ sequences: ROWS, room: 256 });
    const sites = selectSites(linearSites(base.config), TARGETS);
    const loras: number[] = [];
    // What one adapter after another makes does not depend on how many there are.
    for (let i = 0; i < 2; i++) {
      const lora = join(scratch, `lora${i}.gguf`);
      writeLora(lora, sites, 16, i);
      loras.push(await llama.context({ sequences: 1, room: 256, lora }));
    }
    const oneByOne = async (): Promise<number> => {
      const rates: number[] = [];
      for (const context of loras)
        rates.push(decodeRate((await llama.generate(context, [prompts.fresh(PROMPT / small)], COUNT / small))[0]!));
      return rates.length / rates.reduce((sum, rate) => sum + 1 / rate, 0);
    };
    const values = await inTurns(rounds, {
      ours,
      oneByOne,
      batch: async () => {
        const requests = Array.from({ length: ROWS }, () => prompts.fresh(PROMPT / small));
        const answers = await llama.generate(batch, requests, COUNT / small);
        wholeLlama.push(wholeRate(answers));
        return crowdRate(answers);
      },
    });
    const value = median(values.ours);
    setting.report({
      ...{ ...figure, what, value, limit },
      beside: { name: 'llama.cpp, one LoRA after another', value: median(values.oneByOne) },
      ...{ ratio: ratioOf(values.ours, values.oneByOne), target: { ratio: 10 } },
    });
    setting.report({
      ...{ ...figure, what: 'the same', value },
      beside: { name: `llama.cpp, ${ROWS} requests of the base alone`, value: median(values.batch) },
      ratio: ratioOf(values.ours, values.batch),
    });
    setting.report({
      ...{ ...figure, what: 'the same, prompts included', value: median(whole) },
      beside: { name: `llama.cpp, ${ROWS} requests of the base alone`, value: median(wholeLlama) },
      ratio: ratioOf(whole, wholeLlama),
    });
    for (const context of [batch, ...loras]) await llama.dispose(context);
  });
}

/** The base alone against as many adapters as rows. */
export async function mixed(setting: Setting): Promise<void> {
  const { base, rounds } = setting;
  const { hashOf } = adapters(base, 'vera');
  await withEngine(setting, {}, loader(base, 'vera', ROWS), async (engine) => {
    const rate = async (adapterOf: (row: number) => string | undefined): Promise<number> =>
      crowdRate(await fullBatch(setting, engine, adapterOf));
    await rate(hashOf);
    const values = await inTurns(rounds, { adapters: () => rate(hashOf), base: () => rate(() => undefined) });
    setting.report({
      ...{
        part: 'mixed',
        what: `${ROWS} requests with ${ROWS} adapters`,
        unit: 'tokens/s',
        value: median(values.adapters),
      },
      beside: { name: 'the base alone', value: median(values.base) },
      ...{ ratio: ratioOf(values.adapters, values.base), target: { ratio: 0.9 } },
    });
  });
}
