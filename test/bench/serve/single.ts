/** One request at a time, beside llama.cpp. */
import { inTurns, median, ratioOf } from './figures.ts';
import { decodeRate, timed } from './engine.ts';
import { noAdapters, type Setting, withEngine } from './setting.ts';

/** How fast a long prompt is read: its tokens over the time to the first token. */
export async function prefill(setting: Setting): Promise<void> {
  const { prompts, limits, rounds, small } = setting;
  const length = 1024 / small;
  const llama = await setting.llama();
  const context = await llama?.context({ sequences: 1, room: 2048 });
  await withEngine(setting, { prefixBytes: 0 }, noAdapters, async (engine) => {
    const rate = (first: number): number => (length * 1000) / first;
    const ours = async (): Promise<number> =>
      rate((await timed(engine, { prompt: { tokens: prompts.fresh(length) }, maxTokens: 1 })).times[0]!);
    const theirs = async (): Promise<number> =>
      rate((await llama!.generate(context!, [prompts.fresh(length)], 1))[0]![0]!);
    await ours();
    const values = await inTurns<'ours' | 'llama'>(rounds, { ours, llama: llama ? theirs : async () => NaN });
    setting.report({
      ...{ part: 'prefill', what: `a prompt of ${length} tokens`, unit: 'tokens/s', value: median(values.ours) },
      ...(llama && { beside: { name: 'llama.cpp', value: median(values.llama) } }),
      ...(llama && { ratio: ratioOf(values.ours, values.llama), target: { ratio: 5 } }),
      limit: limits.prefill,
    });
  });
  if (llama) await llama.dispose(context!);
}

/** How fast one answer is generated, without guesses. */
export async function decode(setting: Setting): Promise<void> {
  const { prompts, limits, rounds, small } = setting;
  const [length, count] = [192 / small, 96 / small];
  const llama = await setting.llama();
  const context = await llama?.context({ sequences: 1, room: 512 });
  await withEngine(setting, {}, noAdapters, async (engine) => {
    const ours = async (): Promise<number> =>
      decodeRate(
        (await timed(engine, { prompt: { tokens: prompts.fresh(length) }, maxTokens: count, lookup: false })).times,
      );
    const theirs = async (): Promise<number> =>
      decodeRate((await llama!.generate(context!, [prompts.fresh(length)], count))[0]!);
    await ours();
    const values = await inTurns<'ours' | 'llama'>(rounds, { ours, llama: llama ? theirs : async () => NaN });
    setting.report({
      ...{ part: 'decode', what: `one answer after ${length} tokens`, unit: 'tokens/s', value: median(values.ours) },
      ...(llama && { beside: { name: 'llama.cpp', value: median(values.llama) } }),
      ...(llama && { ratio: ratioOf(values.ours, values.llama), target: { ratio: 1.5 } }),
      limit: limits.decode(1, length + count / 2),
    });
  });
  if (llama) await llama.dispose(context!);
}

/** Files whose beginnings are continued. Each repeats itself as code does: cases of a table, similar functions. */
const FILES = ['daemon/protocol/adapters.ts', 'daemon/jobs/queue.ts', 'daemon/weights/registry.ts', 'test/serving.ts'];

/** How fast code is continued, with guesses from the prompt and without; also beside llama.cpp's own prompt lookup. */
export async function lookup(setting: Setting): Promise<void> {
  const { prompts, rounds, small } = setting;
  const [length, count] = [640 / small, 128 / small];
  const llama = await setting.llama();
  const contexts = llama && {
    plain: await llama.context({ sequences: 1, room: 1024 }),
    lookup: await llama.context({ sequences: 1, room: 1024, lookup: true }),
  };
  await withEngine(setting, {}, noAdapters, async (engine) => {
    let [drafted, accepted] = [0, 0];
    const tokensOf = (round: number): number[] => prompts.file(FILES[round % FILES.length]!, length);
    const ours = async (round: number, guess: boolean): Promise<number> => {
      const request = { prompt: { tokens: tokensOf(round) }, maxTokens: count, lookup: guess };
      const { times, end } = await timed(engine, request);
      drafted += end.usage.draftedTokens;
      accepted += end.usage.acceptedTokens;
      return decodeRate(times);
    };
    const theirs = async (round: number, context: number): Promise<number> =>
      decodeRate((await llama!.generate(context, [tokensOf(round)], count))[0]!);
    const none = async (): Promise<number> => NaN;
    const values = await inTurns<'guesses' | 'plain' | 'llama' | 'llamaLookup'>(Math.max(rounds, FILES.length), {
      guesses: (round) => ours(round, true),
      plain: (round) => ours(round, false),
      llama: contexts ? (round) => theirs(round, contexts.plain) : none,
      llamaLookup: contexts ? (round) => theirs(round, contexts.lookup) : none,
    });
    const figure = { part: 'lookup', unit: 'tokens/s', value: median(values.guesses) };
    const what = `code continued, guesses from the prompt (${((100 * accepted) / Math.max(1, drafted)).toFixed(0)} % were right)`;
    if (llama) {
      setting.report({
        ...figure,
        what,
        beside: { name: 'llama.cpp', value: median(values.llama) },
        ...{ ratio: ratioOf(values.guesses, values.llama), target: { ratio: 2 } },
      });
      setting.report({
        ...figure,
        what: 'the same',
        beside: { name: 'llama.cpp with its own lookup', value: median(values.llamaLookup) },
        ratio: ratioOf(values.guesses, values.llamaLookup),
      });
    }
    setting.report({
      ...figure,
      what: llama ? 'the same' : what,
      beside: { name: 'without guesses', value: median(values.plain) },
      ratio: ratioOf(values.guesses, values.plain),
    });
  });
  if (contexts) for (const context of Object.values(contexts)) await llama.dispose(context);
}
