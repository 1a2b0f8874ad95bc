/** How long the phases of a run take. The plan, the run's progress, its report and the pick in VS Code use these figures. It imports nothing. */

/** Seconds of the parts of a run, at the speed that was measured on this machine. */
export interface RunTime {
  /** Converting a GGUF base that was not converted yet, and taking a new base's fingerprint. A download is not counted. */
  readonly base: number;
  /** Starting the process, and reading the data. */
  readonly data: number;
  /** Writing the copies of the weights that a weight format needs; 0 if they are there. */
  readonly copies: number;
  /** One evaluation on the held-out rows; 0 if none are held out. */
  readonly evaluation: number;
  /** Steps between evaluations, where that was set. */
  readonly evalEvery: number | null;
  /** Writing all samples once. */
  readonly samples: number;
  /** Building the graphs of a step and of an evaluation, once. */
  readonly graphs: number;
  readonly step: number;
  /** Saving, and looking at what was measured. */
  readonly end: number;
}

export const PHASES = [
  'base',
  'data',
  'measuringBase',
  'samplesBefore',
  'steps',
  'evaluations',
  'samplesAfter',
  'end',
] as const;
export type PhaseName = (typeof PHASES)[number];
export type PhaseSeconds = Readonly<Record<PhaseName, number>>;

/** A run without an evaluation interval of its own has ten evaluations, but not after fewer steps than this. */
const LEAST_BETWEEN_EVALUATIONS = 50;

/** The graph that evaluates needs most of the copies, and comes first; the rest is for the gradient. */
const COPIES_FIRST = 0.7;

/** Steps between two evaluations of a run. */
export const evaluationInterval = (evalEvery: number | null | undefined, steps: number): number =>
  evalEvery ?? Math.max(LEAST_BETWEEN_EVALUATIONS, Math.ceil(steps / 10));

/** Seconds of each phase of a run of so many steps. The last step is always followed by an evaluation. */
export function phaseSeconds(time: RunTime, steps: number): PhaseSeconds {
  const evaluations = Math.ceil(steps / evaluationInterval(time.evalEvery, steps));
  return {
    ...{ base: time.base, data: time.data },
    ...{ measuringBase: COPIES_FIRST * time.copies + time.evaluation, samplesBefore: time.samples },
    ...{
      steps: (1 - COPIES_FIRST) * time.copies + time.graphs + steps * time.step,
      evaluations: evaluations * time.evaluation,
    },
    ...{ samplesAfter: time.samples, end: time.end },
  };
}

/** Seconds of a whole run of so many steps, from its start to its end. */
export function runSeconds(time: RunTime, steps: number): number {
  const seconds = phaseSeconds(time, steps);
  return PHASES.reduce((sum, name) => sum + seconds[name], 0);
}
