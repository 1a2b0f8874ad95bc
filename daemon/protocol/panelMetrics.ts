import type { Columns } from './panel.ts';
import type { Metric } from './runs.ts';

type Row = Pick<Metric, 'step' | 'loss' | 'heldOutLoss' | 'learningRate' | 'gradientNorm' | 'tokensPerSecond'>;

/** Rows of runs.metrics as the panel takes them. */
export const columnsOf = (rows: readonly Row[]): Columns => ({
  step: rows.map(({ step }) => step),
  loss: rows.map(({ loss }) => loss),
  heldOutLoss: rows.map(({ heldOutLoss }) => heldOutLoss),
  learningRate: rows.map(({ learningRate }) => learningRate),
  gradientNorm: rows.map(({ gradientNorm }) => gradientNorm),
  tokensPerSecond: rows.map(({ tokensPerSecond }) => tokensPerSecond),
});

const number = (value: unknown): number | null => (typeof value === 'number' && Number.isFinite(value) ? value : null);

/** The row that a 'step' or 'eval' event of a training worker is; undefined for any other event. */
export function rowOf(event: Readonly<Record<string, unknown>>): Row | undefined {
  const step = number(event['step']);
  if (step === null || (event['event'] !== 'step' && event['event'] !== 'eval')) return undefined;
  const none = { loss: null, heldOutLoss: null, learningRate: null, gradientNorm: null, tokensPerSecond: null };
  if (event['event'] === 'eval') return { ...none, step, heldOutLoss: number(event['loss']) };
  return {
    ...none,
    step,
    loss: number(event['loss']),
    learningRate: number(event['learningRate']),
    gradientNorm: number(event['gradientNorm']),
    tokensPerSecond: number(event['tokensPerSecond']),
  };
}
