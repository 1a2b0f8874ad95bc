import type { Example } from '../data/example.ts';
import { cacheFolder } from '../home.ts';
import { startOf } from '../methods/start.ts';
import { Generator } from '../serve/generate.ts';
import { stopTokens } from '../serve/stop.ts';
import type { Prepared } from './prepare.ts';
import type { ModelSettings } from '../weights/settings.ts';
import type { EvaluationSettings } from './evaluationSettings.ts';
import type { RunSettings } from './runSettings.ts';

export interface Sample {
  readonly prompt: string;
  readonly text: string;
}

type SampleSettings = Pick<EvaluationSettings, 'samplePrompts' | 'sampleTokens'> &
  Pick<RunSettings, 'seed' | 'threads'> &
  ModelSettings;

/** Most tokens of a prompt that is taken from the data. */
const PROMPT_TOKENS = 64;

/**
 * What the model writes after each prompt, always choosing the likeliest token. theta: the trainable vector. `onProgress` gets the
 * share that is written.
 */
export async function generateSamples(
  prepared: Prepared,
  settings: SampleSettings,
  theta: Float32Array,
  onProgress: (done: number) => void = () => undefined,
): Promise<Sample[]> {
  const { base, tokenizer, adaptation, options } = prepared;
  const { precision, sampleTokens, threads, seed } = settings;
  const prompts = await promptsOf(prepared, settings);
  if (sampleTokens === 0 || prompts.length === 0) return [];
  const maxLength = Math.min(base.config.maxLength, Math.max(...prompts.map(({ length }) => length)) + sampleTokens);
  const generator = await Generator.create({
    base,
    adaptation,
    theta,
    precision,
    cache: cacheFolder(),
    maxLength,
    session: { threads },
    start: startOf(options),
  });
  try {
    const stop = stopTokens(base.dir, tokenizer);
    const samples: Sample[] = [];
    for (const [i, prompt] of prompts.entries()) {
      let written = 0;
      const onToken = (): void => onProgress((i + ++written / sampleTokens) / prompts.length);
      const ids = await generator.generate({ prompt, maxTokens: sampleTokens, temperature: 0, seed, stop, onToken });
      samples.push({ prompt: tokenizer.decode(prompt), text: tokenizer.decode(ids) });
    }
    return samples;
  } finally {
    await generator.release();
  }
}

/**
 * The prompts from the settings, or the beginning of the first held-out row (if no row is held out: of the first training
 * row).
 */
async function promptsOf(
  { tokenizer, dataset, base }: Prepared,
  { samplePrompts, seed }: SampleSettings,
): Promise<number[][]> {
  if (samplePrompts)
    return samplePrompts
      .map((text) => tokenizer.encode(text).slice(-(base.config.maxLength >> 1)))
      .filter(({ length }) => length > 0);
  const rows = dataset.heldOutRows > 0 ? dataset.heldOut() : dataset.train(seed, 0);
  for await (const example of rows) return [beginningOf(example)];
  return [];
}

/** The question of a row, or the first half of a row without one. Of a long prompt, only the end. */
function beginningOf({ ids, counts }: Example): number[] {
  const answer = counts.indexOf(1, 1);
  const end = answer > 1 ? answer : Math.max(1, ids.length >> 1);
  return answer > 1
    ? [...ids.slice(Math.max(0, end - PROMPT_TOKENS), end)]
    : [...ids.slice(0, Math.min(end, PROMPT_TOKENS))];
}
