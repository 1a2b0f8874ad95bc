/**
 * What is measured in a run. Whoever measures, stores, sends, draws or prints metrics reads this table. It imports nothing, so that
 * the panel can have it.
 */

/** What is known of a metric. */
export interface MetricFacts {
  /** For people: the title of its chart, the head of its column. */
  readonly label: string;
  readonly unit?: string;
  /** Which values are better; absent where neither is. */
  readonly better?: 'lower' | 'higher';
  /** The event of a run that has it: a step, or an evaluation on held-out rows. */
  readonly event: 'step' | 'eval';
  /** Its name in that event, where that is not its own. */
  readonly field?: string;
  /** A run need not measure it. */
  readonly optional?: true;
  /** Where it is drawn: with the losses, or in a chart of its own. */
  readonly chart?: 'loss' | 'own';
  /** Its curve goes up and down from step to step: peaks must not get lost in a drawing. */
  readonly noisy?: true;
  /** How people read it: four significant digits, or a whole number. */
  readonly digits: 'four' | 'whole';
}

/**
 * Adding a metric is adding a line here (optional, for runs that do not measure it) and putting a number of that name into the
 * event. The catalog makes a column for it when it is opened.
 */
export const METRICS = {
  epoch: { label: 'Epoch', event: 'step', digits: 'whole' },
  loss: { label: 'Loss', unit: 'nats', better: 'lower', event: 'step', chart: 'loss', noisy: true, digits: 'four' },
  heldOutLoss: {
    label: 'Held-out loss',
    unit: 'nats',
    better: 'lower',
    event: 'eval',
    field: 'loss',
    chart: 'loss',
    digits: 'four',
  },
  accuracy: { label: 'Guessed right', better: 'higher', event: 'eval', optional: true, digits: 'four' },
  learningRate: { label: 'Learning rate', event: 'step', chart: 'own', digits: 'four' },
  gradientNorm: { label: 'Gradient norm', event: 'step', chart: 'own', noisy: true, digits: 'four' },
  tokens: { label: 'Tokens', unit: 'tokens', event: 'step', digits: 'whole' },
  tokensPerSecond: {
    label: 'Tokens per second',
    unit: 'tokens/s',
    better: 'higher',
    event: 'step',
    chart: 'own',
    noisy: true,
    digits: 'whole',
  },
} as const satisfies Record<string, MetricFacts>;

export type MetricName = keyof typeof METRICS;
export const METRIC_NAMES = Object.keys(METRICS) as readonly MetricName[];
export const factsOfMetric = (name: MetricName): MetricFacts => METRICS[name];

/** Something for each of some metrics. */
export const each = <N extends MetricName, T>(names: readonly N[], make: (name: N) => T): Record<N, T> =>
  Object.fromEntries(names.map((name) => [name, make(name)])) as Record<N, T>;

/** One step or evaluation; null where it was not measured. */
export type Metric = { step: number } & Record<MetricName, number | null>;

export type DrawnMetric = {
  [N in MetricName]: (typeof METRICS)[N] extends { chart: string } ? N : never;
}[MetricName];
/** Metrics that are drawn. */
export const DRAWN = METRIC_NAMES.filter((name): name is DrawnMetric => factsOfMetric(name).chart !== undefined);

/** Rows as columns of one length, by step, with the metrics that are drawn; null where a row has no such figure. */
export type Columns = { step: number[] } & Record<DrawnMetric, (number | null)[]>;

export const columnsOf = (rows: readonly Pick<Metric, 'step' | DrawnMetric>[]): Columns => ({
  step: rows.map(({ step }) => step),
  ...each(DRAWN, (name) => rows.map((row) => row[name])),
});

const number = (value: unknown): number | null => (typeof value === 'number' && Number.isFinite(value) ? value : null);

/** The row that an event of a training run is, or a line of metrics.jsonl, which names no event; undefined for any other event. */
export function metricOf(event: Readonly<Record<string, unknown>>): Metric | undefined {
  const [step, kind] = [number(event['step']), event['event']];
  if (step === null || (kind !== undefined && kind !== 'step' && kind !== 'eval')) return undefined;
  return {
    step,
    ...each(METRIC_NAMES, (name) => {
      const { event: from, field = name } = factsOfMetric(name);
      if (kind === undefined) return number(event[name]);
      return from === kind ? number(event[field]) : null;
    }),
  };
}
