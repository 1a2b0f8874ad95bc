/** What a worker sends while it works: with `--json` each event is one line. Losses are means over counted tokens, in nats. */
import { z } from 'zod';
import { factsOfMetric, METRIC_NAMES, type MetricName, type METRICS } from './metrics.ts';
import { wholeText } from './text.ts';
import { PHASES, type PhaseName } from './runTime.ts';
import { count, finite } from './values.ts';

type EventOf<N extends MetricName> = (typeof METRICS)[N]['event'];
type FieldOf<N extends MetricName> = (typeof METRICS)[N] extends { field: infer F extends string } ? F : N;
type SchemaOf<N extends MetricName> = (typeof METRICS)[N] extends { optional: true }
  ? z.ZodOptional<z.ZodNumber>
  : z.ZodNumber;
type Fields<E extends 'step' | 'eval'> = {
  [N in MetricName as EventOf<N> extends E ? FieldOf<N> : never]: SchemaOf<N>;
};

/** The fields of an event that are metrics, as a schema has them. */
const fieldsOf = <E extends 'step' | 'eval'>(event: E): Fields<E> =>
  Object.fromEntries(
    METRIC_NAMES.flatMap((name) => {
      const { event: from, field = name, optional = false } = factsOfMetric(name);
      return from === event ? [[field, optional ? finite.optional() : finite]] : [];
    }),
  ) as Fields<E>;

/** What is being done now, and how much of the whole is done; of a run also the time left. */
const progress = z.object({
  event: z.literal('progress'),
  text: z.string(),
  fraction: finite,
  secondsLeft: finite.optional(),
  /** The held-out loss on the batches that an evaluation has measured so far. */
  heldOutLoss: finite.optional(),
});

const start = z.object({
  event: z.literal('start'),
  out: z.string(),
  base: z.string(),
  method: z.string(),
  precision: z.string(),
  /** Why the weights have this format, where the choice was left to the program. */
  precisionWhy: z.string().optional(),
  /** Linear layers that are adapted; 0 where all weights are trained. */
  layers: count,
  format: z.string(),
  data: z.string(),
  rows: count,
  heldOutRows: count,
  /** Optimizer steps there will be; with epochs an estimate. */
  steps: count,
  trainableParameters: count,
  /** The step after which a resumed run continues; 0 for a new run. */
  step: count,
});

const step = z.object({
  event: z.literal('step'),
  /** Counted from 1. */
  step: count,
  steps: count,
  /** The epoch is counted from 0, the norm of the gradient taken before clipping; tokens are the input tokens of this step. */
  ...fieldsOf('step'),
  rssBytes: finite,
  peakRssBytes: finite,
  /** Until the whole run is over, with its evaluations, samples and saving. */
  secondsLeft: finite,
  /** Share of the whole run that is done. Absent in runs of earlier versions. */
  fraction: finite.optional(),
});

const evaluation = z.object({
  event: z.literal('eval'),
  step: count,
  ...fieldsOf('eval'),
  best: z.boolean(),
  /** Tokens counted in the loss. */
  tokens: count,
});

const sample = z.object({
  event: z.literal('sample'),
  when: z.enum(['before', 'after']),
  prompt: z.string(),
  text: z.string(),
});

const checkpoint = z.object({ event: z.literal('checkpoint'), step: count, file: z.string() });
const note = z.object({ event: z.literal('note'), text: z.string() });
const stopped = z.object({ event: z.literal('stopped'), step: count, checkpoint: z.string() });

const phases = z.object(Object.fromEntries(PHASES.map((name) => [name, finite])) as Record<PhaseName, typeof finite>);

/** What was measured, beside the plan's estimates: for the table at the end. */
const report = z.object({
  event: z.literal('report'),
  steps: count,
  /** Step whose parameters the adapter holds: the best one where held-out rows decide, else the last. */
  adapterStep: count,
  stoppedEarly: z.boolean(),
  tokens: count,
  trainSeconds: finite,
  /** The weight format, and why it is this one where the choice was left to the program. Absent in runs of earlier versions. */
  weights: z.object({ precision: z.string(), why: z.string().optional() }).optional(),
  /** Gradient and both moments of the optimizer, as they are. */
  optimizerBytes: finite,
  /** Share of the held-out tokens that the adapter and the base guess right. Absent, as the next four, in runs of earlier versions. */
  accuracy: finite.nullable().optional(),
  baseAccuracy: finite.nullable().optional(),
  /** Standard error of the difference between the two held-out losses; null with too few rows. */
  lossNoise: finite.nullable().optional(),
  heldOutRows: count.optional(),
  /** Those of them that an evaluation counts in the loss. */
  heldOutTokens: count.optional(),
  /** How long the phases of the run took, and what was estimated. Absent in runs of earlier versions. */
  seconds: z.object({ estimate: phases, measured: phases }).optional(),
  /** The estimates of the plan; absent where all weights are trained. */
  estimate: z
    .object({
      trainableParameters: finite,
      adapterBytes: finite,
      optimizerBytes: finite,
      peakRssBytes: finite,
      tokensPerSecond: finite,
    })
    .optional(),
});

/** The last line of a run that succeeded. Without held-out rows there are no held-out losses: null. */
const done = z.object({
  event: z.literal('done'),
  adapter: z.string(),
  trainLoss: finite.nullable(),
  evalLoss: finite.nullable(),
  baseEvalLoss: finite.nullable(),
  trainableParameters: count,
  adapterBytes: finite,
  tokensPerSecond: finite,
  peakRssBytes: finite,
});

export const runEvent = z.discriminatedUnion('event', [
  progress,
  start,
  step,
  evaluation,
  sample,
  checkpoint,
  note,
  stopped,
  report,
  done,
]);
export type RunEvent = z.infer<typeof runEvent>;
export type RunEventOf<K extends RunEvent['event']> = Extract<RunEvent, { event: K }>;
export type Emit = (event: RunEvent) => void;

/** What a job shows of how far it is; fields by kind of job. */
export const jobProgress = z.object({
  text: z.string().optional(),
  fraction: finite.optional(),
  step: count.optional(),
  steps: count.optional(),
  loss: finite.optional(),
  heldOutLoss: finite.optional(),
  tokensPerSecond: finite.optional(),
  secondsLeft: finite.optional(),
  /** What a person should know of this attempt: why a run starts from the beginning again. */
  note: z.string().optional(),
});
export type JobProgress = z.infer<typeof jobProgress>;

const MAX_TEXT = 1000; // characters of a line of progress

/** What an event says of how far its job is. */
export function progressOf(event: RunEvent): JobProgress {
  switch (event.event) {
    case 'progress': {
      const { fraction, secondsLeft, heldOutLoss } = event;
      return {
        ...{ fraction, text: event.text.slice(0, MAX_TEXT) },
        ...(secondsLeft === undefined ? {} : { secondsLeft }),
        ...(heldOutLoss === undefined ? {} : { heldOutLoss }),
      };
    }
    case 'start':
      return { step: event.step, steps: event.steps };
    case 'note':
      return { note: event.text.slice(0, MAX_TEXT) };
    case 'eval':
      return { heldOutLoss: event.loss };
    case 'step': {
      const { step: at, steps, loss, tokensPerSecond, secondsLeft } = event;
      const part = event.fraction ?? (steps > 0 ? Math.min(1, at / steps) : undefined);
      const fraction = part === undefined ? {} : { fraction: part };
      return { text: trainingText(at, steps), step: at, steps, loss, tokensPerSecond, secondsLeft, ...fraction };
    }
    default:
      return {};
  }
}

/** What a run does that takes steps: 'training, step 12 of 50'. */
export const trainingText = (step: number, steps: number): string =>
  steps > 0 ? `training, step ${wholeText(step)} of ${wholeText(steps)}` : 'training';
