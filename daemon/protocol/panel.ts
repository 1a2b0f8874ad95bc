/**
 * Messages between the extension and the training panel, sent through the webview's postMessage. The panel draws what it gets and sends
 * what was clicked; the extension has the state. After `ready` the panel has nothing: the extension answers with `state`, then for each
 * run with its `metrics` (in parts, the first with `reset`), `savings`, `learned` and `samples`.
 */
import { z } from 'zod';
import { completionCounts } from './completions.ts';
import { completionReport } from './completionReport.ts';
import { ERROR_CODES } from './errors.ts';
import { job, jobState } from './jobs.ts';
import { DRAWN, each } from './metrics.ts';
import { TRIAL_FROM_PANEL, TRIAL_TO_PANEL } from './trial.ts';
import { verdict } from './verdict.ts';
import { count, finite, id, MAX_TEXT, time } from './values.ts';

/** Rows of a `metrics` message at most: the panel processes these in a few milliseconds. */
export const MAX_ROWS = 4000;

/** The extension's key of a run, the same after a reload: 'job/7', or 'run/3' for a run without a job. */
const runKey = z.string().min(1).max(100);

export const panelRun = z.object({
  key: runKey,
  /** What it is called: as its adapter, or as the adapter that it will make. */
  title: z.string(),
  state: jobState,
  method: z.string(),
  rank: count.nullable(),
  base: z.string(),
  data: z.string(),
  /** Equal for runs on the same data and base, whose losses can be compared. */
  kin: z.string().max(20_000).optional(),
  /** Why it is queued. */
  waitingFor: z.string().nullable(),
  error: z.object({ code: z.enum(ERROR_CODES), message: z.string() }).nullable(),
  progress: job.shape.progress,
  baseHeldOutLoss: finite.nullable(),
  /** Whether it made the model better, in a sentence; null until it has ended well. */
  verdict: verdict.nullable().optional(),
  startedAt: time.nullable(),
  endedAt: time.nullable(),
  /** The adapter it made. */
  adapter: z.object({ id, name: z.string() }).nullable(),
  /** Its folder, for openFolder. */
  out: z.string().nullable(),
  /** Every setting as a person reads it. */
  settings: z.array(z.object({ name: z.string(), value: z.string() })),
});
export type PanelRun = z.infer<typeof panelRun>;

const column = z.array(finite.nullable());
/** Rows of runs.metrics as columns of one length, by step; null where a row has no such figure. */
export const columns = z.object({ step: z.array(count), ...each(DRAWN, () => column) });

/** What one way of training costs. Sizes are in bytes; null where a size is not known. */
export const cost = z.object({
  parameters: finite.nullable(),
  /** The file of one adapter. */
  adapterBytes: finite.nullable(),
  /** Gradient and both moments of the optimizer. */
  optimizerBytes: finite.nullable(),
  peakBytes: finite.nullable(),
});
export type Cost = z.infer<typeof cost>;

export const savings = z.object({
  /** The run's own way: the estimates of its plan, and what was measured when it is over. */
  own: cost.extend({ method: z.string(), rank: count.nullable() }),
  measured: cost.nullable(),
  /** Estimates for the same layers with the methods and ranks that others are compared with. */
  baselines: z.array(cost.extend({ method: z.string(), rank: count })),
});
export type Savings = z.infer<typeof savings>;

/** Where it learned: figures that its method names. values: [layer][module] in the order of `layers` and `modules`; null where it is not adapted. */
export const learned = z.object({
  layers: z.array(count),
  modules: z.array(z.string()),
  figures: z.array(
    z.object({
      name: z.string(),
      /** As a button names it: '|b|'. */
      label: z.string(),
      /** What it says, for people. */
      help: z.string(),
      /** Whether its colours begin at zero, or at the least value there is. */
      fromZero: z.boolean(),
      values: z.array(column),
    }),
  ),
});
export type Learned = z.infer<typeof learned>;

/** What the model writes after a prompt, before and after training; null if it has not written it yet. */
export const sample = z.object({ prompt: z.string(), before: z.string().nullable(), after: z.string().nullable() });
export type Sample = z.infer<typeof sample>;

/** What became of the inline completions of a run's adapter, and whether they are counted now. */
export const panelCompletions = z.object({
  counting: z.boolean(),
  /** Stored texts of this adapter. */
  texts: count,
  counts: completionCounts,
});
export type PanelCompletions = z.infer<typeof panelCompletions>;

/** What a person chose to see. The panel keeps it, and the extension keeps it for a panel that is opened again. */
export const viewState = z.object({
  /** The run whose buttons, savings, heat map and samples are shown. */
  focus: runKey.nullable(),
  /** Runs like the one in focus that are not drawn, and others that are. */
  hidden: z.array(runKey),
  shown: z.array(runKey),
  /** Range of steps; null for all. */
  zoom: z.tuple([finite, finite]).nullable(),
  logScale: z.boolean(),
  raw: z.boolean(),
  smoothed: z.boolean(),
  /** 0: none, to 0.99. */
  smoothing: z.number().min(0).max(0.99),
  /** Charts that show their table. */
  tables: z.array(z.string().max(40)),
  /** How many adapters the savings are counted for. */
  adapters: z.number().int().positive(),
  /** The figure that the heat map shows, by its name; the first one where the run has none of that name. */
  heat: z.string().max(40),
});
export type ViewState = z.infer<typeof viewState>;

export const toPanel = z.discriminatedUnion('type', [
  /** The full state, except for what follows for each run. Runs that are missing are gone. The newest run comes first. */
  z.object({
    type: z.literal('state'),
    runs: z.array(panelRun),
    /** The active adapter of the workspace. */
    active: z.object({ id, name: z.string() }).nullable(),
    connection: z.enum(['connected', 'connecting', 'failed']),
    view: viewState.partial().nullable(),
  }),
  /** A run's new state; a new run is added. */
  z.object({ type: z.literal('run'), run: panelRun }),
  /** Rows of a run, at most MAX_ROWS. A row of a known step replaces it and all later ones (a resumed run repeats steps). */
  z.object({ type: z.literal('metrics'), run: runKey, reset: z.boolean(), columns }),
  z.object({ type: z.literal('savings'), run: runKey, savings }),
  z.object({ type: z.literal('learned'), run: runKey, learned }),
  z.object({ type: z.literal('samples'), run: runKey, samples: z.array(sample) }),
  /** The newest evaluation of completions with the run's adapter. */
  z.object({ type: z.literal('evaluation'), run: runKey, report: completionReport, endedAt: time.nullable() }),
  z.object({ type: z.literal('completions'), run: runKey, completions: panelCompletions }),
  z.object({ type: z.literal('active'), active: z.object({ id, name: z.string() }).nullable() }),
  z.object({
    type: z.literal('connection'),
    connection: z.enum(['connected', 'connecting', 'failed']),
    message: z.string().nullable(),
  }),
  /** A command is done, or could not be done, with the reason for people. */
  z.object({ type: z.literal('answer'), request: count, error: z.string().nullable() }),
  ...TRIAL_TO_PANEL,
]);
export type ToPanel = z.infer<typeof toPanel>;

/** What can be done with a run. */
export const runCommand = z.enum([
  'pause',
  'resume',
  'stop',
  'retry',
  'activate',
  'deactivate',
  'tryIt',
  'merge',
  'export',
  'runAgain',
  'openFolder',
]);
export type RunCommand = z.infer<typeof runCommand>;

/** What can be done with counts and stored texts of completions. */
export const completionsCommand = z.enum(['pause', 'resume', 'texts', 'forget']);
export type CompletionsCommand = z.infer<typeof completionsCommand>;

export const fromPanel = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('ready') }),
  /** `request` comes back in `answer`. */
  z.strictObject({ type: z.literal('command'), request: count, command: runCommand, run: runKey }),
  /** Starts an evaluation of completions with the run's adapter. */
  z.strictObject({ type: z.literal('evaluate'), request: count, run: runKey }),
  z.strictObject({ type: z.literal('completions'), request: count, command: completionsCommand }),
  /** Puts a text onto the clipboard. */
  z.strictObject({ type: z.literal('copy'), text: z.string().max(4_000_000) }),
  z.strictObject({ type: z.literal('view'), view: viewState }),
  ...TRIAL_FROM_PANEL,
  /** An error in the panel, for the log. */
  z.strictObject({ type: z.literal('failure'), message: z.string().max(MAX_TEXT) }),
]);
export type FromPanel = z.infer<typeof fromPanel>;
