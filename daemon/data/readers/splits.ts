/** The parts that datasets on the Hugging Face hub have. */
export type Split = 'train' | 'validation' | 'test';

const WORDS: Readonly<Record<string, Split>> = {
  train: 'train',
  training: 'train',
  validation: 'validation',
  valid: 'validation',
  val: 'validation',
  dev: 'validation',
  test: 'test',
  testing: 'test',
  eval: 'test',
  evaluation: 'test',
};

/**
 * The split that a name means, by the rule of the hub: a word for it that stands alone, as in train.jsonl, my-train-00000-of-00002.
 * parquet or test_v2.csv. Undefined if the name has no such word.
 */
export function splitOf(name: string): Split | undefined {
  const words = name.toLowerCase().split(/[^a-z]+/);
  const found = words.find((word) => Object.hasOwn(WORDS, word));
  return found === undefined ? undefined : WORDS[found];
}
