import type { Batch } from '../data/batch.ts';
import { VeraError } from '../protocol/errors.ts';
import type { Step } from './step.ts';

export interface Evaluation {
  /** The first measure of the objective, which training minimises. NaN if no token was counted. */
  readonly loss: number;
  /** All measures of the objective by name. */
  readonly measures: Readonly<Record<string, number>>;
  /** Tokens that were counted. */
  readonly tokens: number;
  /** Share of them that the model guesses right; absent if the objective does not say it. */
  readonly accuracy?: number;
  /** Summed loss and counted tokens of each batch. */
  readonly parts: readonly LossPart[];
}

/** Summed loss and counted tokens of one batch. */
export type LossPart = readonly [loss: number, tokens: number];

export interface EvaluateOptions {
  readonly vocabulary: number;
  /** The most batches. */
  readonly most?: number;
  readonly onBatch?: (done: Evaluation) => void;
  /** Asked between batches. True ends the evaluation with the result so far. */
  readonly stopped?: () => boolean;
}

/** The measures of a stream of batches. theta: the trainable vector. */
export async function evaluate(
  step: Step,
  theta: Float32Array,
  batches: AsyncIterable<Batch>,
  options: EvaluateOptions,
): Promise<Evaluation> {
  const { vocabulary, most = Infinity, onBatch, stopped } = options;
  const parts: LossPart[] = [];
  let [sum, tokens] = [0, 0];
  let right: number | undefined;
  const now = (): Evaluation => evaluationOf(step, { sum, tokens, right, parts });
  for await (const batch of batches) {
    checkIds(batch, vocabulary);
    const result = await step.run(theta, batch);
    sum += result.loss;
    tokens += batch.targets.length;
    if (result.right !== undefined) right = (right ?? 0) + result.right;
    parts.push([result.loss, batch.targets.length]);
    onBatch?.(now());
    if (parts.length >= most || stopped?.()) break;
    await turn();
  }
  return now();
}

function evaluationOf(
  { objective: { measures } }: Step,
  { sum, tokens, right, parts }: { sum: number; tokens: number; right: number | undefined; parts: LossPart[] },
): Evaluation {
  return {
    ...(right === undefined || tokens === 0 ? {} : { accuracy: right / tokens }),
    parts,
    loss: measures[0].of(sum, tokens),
    measures: Object.fromEntries(measures.map(({ name, of }) => [name, of(sum, tokens)])),
    tokens,
  };
}

/** A token without a row in the embeddings would crash the graph without a reason. */
export function checkIds({ ids }: Batch, vocabulary: number): void {
  let largest = 0;
  for (const id of ids) if (id > largest) largest = id;
  if (largest >= vocabulary) {
    throw new VeraError(
      'model',
      `the tokenizer makes token ${largest}, but the model's vocabulary has ${vocabulary}: tokenizer.json belongs to another model`,
    );
  }
}

/** Lets messages and signals be handled, because a step blocks its thread. */
export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
