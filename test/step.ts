/** Runs single training steps of a small model, for tests of models and methods. */
import type { Batch } from '../daemon/data/batch.ts';
import { seededUniform } from '../daemon/methods/random.ts';
import { layoutOf, pack } from '../daemon/layout.ts';
import type { Adaptation } from '../daemon/models/adaptation.ts';
import type { BaseModel } from '../daemon/models/base.ts';
import { Step, type StepResult } from '../daemon/train/step.ts';

/** Makes one batch of rows. Each row is one example, and the loss counts the next token at every position. */
export function batchOf(rows: readonly (readonly number[])[]): Batch {
  const length = Math.max(...rows.map((row) => row.length - 1));
  const size = rows.length * length;
  const batch = { ids: new Int32Array(size), positions: new Int32Array(size), segments: new Int32Array(size) };
  const targets: number[] = [];
  const labels: number[] = [];
  rows.forEach((row, r) => {
    for (let t = 0; t + 1 < row.length; t++) {
      const at = r * length + t;
      batch.ids[at] = row[t]!;
      batch.positions[at] = t;
      batch.segments[at] = 1;
      targets.push(at);
      labels.push(row[t + 1]!);
    }
  });
  const tokens = targets.length;
  return {
    rows: rows.length,
    length,
    ...batch,
    targets: Int32Array.from(targets),
    labels: Int32Array.from(labels),
    tokens,
    examples: rows.length,
    resume: { row: rows.length, read: 0, pending: [], skip: 0 },
  };
}

export const thetaSize = (adaptation: Adaptation): number => layoutOf(adaptation.parameters).size;

/** Random numbers for every parameter. With the initial values some gradients would be zero, because b is zero. */
export const randomTheta = (adaptation: Adaptation, size = 0.3): Float32Array =>
  seededUniform('theta', thetaSize(adaptation), size);

/** The initial values of the parameters. */
export function initialTheta(adaptation: Adaptation): Float32Array {
  return pack(layoutOf(adaptation.parameters), ({ initial }) => initial());
}

export interface OneStep {
  readonly base: BaseModel;
  readonly cache: string;
  readonly adaptation: Adaptation;
  readonly theta: Float32Array;
  readonly batch: Batch;
  readonly precision?: string;
  /** About how many tokens a step has. It decides between equal ways to compute a product. */
  readonly tokens?: number;
  readonly noise?: BigInt64Array;
  readonly train?: boolean;
}

/** Loss and gradient of one batch. */
export async function oneStep(options: OneStep): Promise<StepResult> {
  const [result] = await losses(options, [options.theta]);
  return result!;
}

/** Loss and gradient of one batch at several values of theta. */
export async function losses(options: OneStep, thetas: readonly Float32Array[]): Promise<StepResult[]> {
  const {
    base,
    cache,
    adaptation,
    batch,
    precision = 'fp32',
    tokens = batch.ids.length,
    noise,
    train = true,
  } = options;
  const step = await Step.create(
    {
      base,
      adaptation,
      precision,
      maxLength: batch.length,
      tokens,
      cache,
      dropout: noise !== undefined,
      session: { threads: 1 },
    },
    train,
  );
  try {
    const results: StepResult[] = [];
    for (const theta of thetas) results.push(await step.run(theta, batch, noise));
    return results;
  } finally {
    await step.release();
  }
}

/**
 * The slope of the loss in the direction of its gradient, by central differences, divided by the gradient's length. It is 1 if
 * the gradient is right.
 */
export async function slopeAlongGradient(options: OneStep, step = 0.05): Promise<number> {
  const { gradient } = await oneStep(options);
  const norm = Math.hypot(...gradient);
  const moved = (by: number) => options.theta.map((v, i) => v + (by * gradient[i]!) / norm);
  const [above, below] = await losses({ ...options, train: false }, [moved(step), moved(-step)]);
  return (above!.loss - below!.loss) / (2 * step) / norm;
}
