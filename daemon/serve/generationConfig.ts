import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { GREEDY, type GenerationRequest, type Sampling } from './engine/request.ts';

/** What the author of a base recommends for choosing tokens. */
export interface Recommended {
  readonly sampling: Partial<Sampling>;
  /** Sentences for people on values that are not used, because no good text could come of them. */
  readonly ignored: readonly string[];
}

interface Field {
  readonly name: string;
  readonly to: 'temperature' | 'topP' | 'topK' | 'minP' | 'repetitionPenalty';
  readonly good: (value: number) => boolean;
  readonly wanted: string;
}

/** Without random choice (`do_sample`), these mean nothing. */
const RANDOM: readonly Field[] = [
  { name: 'temperature', to: 'temperature', good: (value) => value >= 0 && value <= 2, wanted: 'from 0 to 2' },
  { name: 'top_p', to: 'topP', good: (value) => value > 0 && value <= 1, wanted: 'above 0 and at most 1' },
  { name: 'top_k', to: 'topK', good: (value) => Number.isSafeInteger(value) && value >= 0, wanted: 'a whole number' },
  { name: 'min_p', to: 'minP', good: (value) => value >= 0 && value <= 1, wanted: 'from 0 to 1' },
];

/** Outside this range, an answer repeats itself or becomes random words. */
const PENALTY: Field = {
  ...{ name: 'repetition_penalty', to: 'repetitionPenalty', wanted: 'from 0.5 to 2' },
  good: (value) => value >= 0.5 && value <= 2,
};

/**
 * Reads generation_config.json in the folder of a base. With `do_sample: false`, or without a temperature, only the repetition penalty
 * counts. A missing or unreadable file recommends nothing.
 */
export function recommended(dir: string): Recommended {
  const file = generationFile(dir, 'generation_config.json');
  const ignored: string[] = [];
  const read = (fields: readonly Field[]): Partial<Sampling> =>
    Object.fromEntries(
      fields.flatMap(({ name, to, good, wanted }) => {
        const value = file[name];
        if (value === undefined || value === null) return [];
        if (typeof value === 'number' && good(value)) return [[to, value]];
        const text = JSON.stringify(value).slice(0, 40);
        ignored.push(`generation_config.json: ${name} is ${text}, which is not used: it has to be ${wanted}.`);
        return [];
      }),
    );
  const random = file['do_sample'] === false ? {} : read(RANDOM);
  return { sampling: { ...(random.temperature === undefined ? {} : random), ...read([PENALTY]) }, ignored };
}

/** How a request chooses tokens. */
export const settled = (
  { sampling: own }: Recommended,
  { sampling, defaults }: Pick<GenerationRequest, 'sampling' | 'defaults'>,
): Sampling => ({ ...GREEDY, ...(defaults && { ...defaults, ...own }), ...sampling });

/** A file of settings for generation, which a base need not have. */
export function generationFile(dir: string, name: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(readFileSync(join(dir, name), 'utf8'));
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
