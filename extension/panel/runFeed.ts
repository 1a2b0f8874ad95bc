import type { Event } from '../../daemon/protocol/events.ts';
import type { Job } from '../../daemon/protocol/jobs.ts';
import type { PanelRun, Savings, ToPanel } from '../../daemon/protocol/panel.ts';
import { columnsOf, type Metric, metricOf } from '../../daemon/protocol/metrics.ts';
import type { RunRow } from '../../daemon/protocol/runs.ts';
import type { RunEvent } from '../../daemon/protocol/runEvents.ts';
import type { Description } from '../../daemon/protocol/settings.ts';
import type { App } from '../app.ts';
import { soonest } from '../listing.ts';
import { describedSettings } from '../tuning/fields.ts';
import { trainingOf } from '../tuning/training.ts';
import { keyOf, measuredOf, panelRun } from './panelRun.ts';

/** Tells the panel of one run. */
export interface RunFeed {
  /** The run as the panel shows it. */
  describe(job: Job): Promise<PanelRun>;
  /** Its rows from the first on, and what belongs to them. */
  load(): Promise<void>;
  /** Events of its worker, in order. */
  take(events: readonly Event[]): void;
  update(job: Job): void;
  /** What became of the completions of its adapter. */
  tellCompletions(): Promise<void>;
  /** Its costs beside LoRA, once: a worker counts them. */
  count(): Promise<void>;
  /** An evaluation of completions has ended. */
  evaluated(): void;
  end(): void;
}

type Adapter = { readonly id: number; readonly name: string } | null;

const ROWS = 2000; // of a message; the protocol allows twice as many
const TELL_MS = 100; // a small model steps a hundred times a second

/** While the base is measured, its loss so far is the first point of the curve. The event 'eval' replaces it. */
const soFar = (event: RunEvent): Parameters<typeof metricOf>[0] =>
  event.event === 'progress' && event.heldOutLoss !== undefined
    ? { event: 'eval', step: 0, loss: event.heldOutLoss }
    : event;

export function runFeed({ daemon, log, savings: known }: App, first: Job, send: (message: ToPanel) => void): RunFeed {
  const key = keyOf(first);
  let [job, run, adapter]: [Job, RunRow | undefined, Adapter] = [first, undefined, null];
  let rows: Metric[] = [];
  let [loading, over] = [true, false];
  let costs: Promise<Savings | undefined> | undefined;
  let described: Description | undefined;

  const fetchRun = async (): Promise<void> => {
    if (job.run === null) return;
    const got = await daemon.call(({ runs }) => runs.get, { run: job.run });
    [run, adapter] = [got.run, got.adapter === null ? null : { id: got.adapter.id, name: got.adapter.name }];
  };
  const tell = soonest(() => {
    if (over || loading) return;
    const some = rows.splice(0);
    for (let start = 0; start < some.length; start += ROWS)
      send({ type: 'metrics', run: key, reset: false, columns: columnsOf(some.slice(start, start + ROWS)) });
    send({ type: 'run', run: panelRun(job, run, adapter, described) });
  }, TELL_MS);
  const quietly = (what: string, work: Promise<unknown>): void =>
    void work.catch((error: unknown) =>
      log.info(`training panel, ${key}: ${what}: ${error instanceof Error ? error.message : String(error)}`),
    );

  const tellSamples = async (): Promise<void> => {
    if (job.run === null) return;
    const { samples } = await daemon.call(({ runs }) => runs.samples, { run: job.run });
    if (!over) send({ type: 'samples', run: key, samples });
  };
  const tellEvaluation = async (): Promise<void> => {
    if (job.run === null || adapter === null) return;
    const { evaluation } = await daemon.call(({ runs }) => runs.completions, { run: job.run });
    if (over || evaluation === null) return;
    send({ type: 'evaluation', run: key, report: evaluation.report, endedAt: evaluation.endedAt });
  };
  const tellLearned = async (): Promise<void> => {
    if (adapter === null) return;
    const { learned } = await daemon.call(({ adapters }) => adapters.whereLearned, { adapter: adapter.id });
    if (!over && learned !== null) send({ type: 'learned', run: key, learned });
  };
  /** What the plan of the run says, or one of the same settings; of a run whose base is gone, nothing. */
  const plan = async (): Promise<Savings | undefined> => {
    const before = known.get(job.id);
    if (before !== undefined) return before;
    const { settings, kind } = trainingOf(job);
    const { out: _, ...rest } = settings;
    const spec = { kind, settings: rest };
    const { plans } = await daemon.call(({ jobs }) => jobs.plan, { specs: [spec], read: false });
    const [answer] = plans;
    if (answer === undefined) return undefined;
    if ('error' in answer) throw new Error(answer.error.message);
    const { trainPlan } = await daemon.protocol();
    return trainPlan.parse(answer.details).savings;
  };
  const tellCosts = async (): Promise<void> => {
    const savings = await costs;
    if (savings !== undefined && !over)
      send({ type: 'savings', run: key, savings: { ...savings, measured: measuredOf(run?.report ?? null) } });
  };
  const tellCompletions = async (): Promise<void> => {
    if (adapter === null) return;
    const params = { adapter: adapter.id };
    const found = await daemon
      .call(({ completions }) => completions.summary, params)
      .catch((error: unknown) => {
        log.info(`completions of ${key} are not known: ${String(error)}`); // the adapter may be in the trash
        return undefined;
      });
    if (over || found === undefined) return;
    const { counting, texts, total: counts } = found;
    send({ type: 'completions', run: key, completions: { counting, texts, counts } });
  };
  const finish = async (): Promise<void> => {
    await fetchRun();
    tell();
    await Promise.all([tellSamples(), tellLearned(), tellCompletions(), tellCosts()]);
  };

  return {
    describe: async (now) => {
      job = now;
      described ??= await describedSettings({ daemon });
      await fetchRun();
      return panelRun(job, run, adapter, described);
    },
    load: async () => {
      loading = true;
      if (job.run !== null) await tellMetrics(job.run);
      loading = false;
      tell();
      await Promise.all([tellSamples(), tellLearned(), tellCompletions(), tellEvaluation()]);
      await tellCosts();
    },
    take: (events) => {
      for (const { body } of events) {
        if (body.type !== 'worker') continue;
        const row = metricOf(soFar(body.event));
        if (row !== undefined) rows.push(row);
        if (body.event.event === 'eval' && body.event.step === 0) quietly('its run', fetchRun().then(tell));
        if (body.event.event === 'sample') quietly('samples', tellSamples());
      }
      tell();
    },
    update: (now) => {
      const ended = now.state !== job.state && (now.state === 'succeeded' || now.state === 'failed');
      job = now;
      if (ended) quietly('its end', finish());
      else tell();
    },
    tellCompletions,
    count: async () => {
      if (costs === undefined) {
        costs = plan().catch((error: unknown) => {
          log.info(`costs of ${key} are not known: ${error instanceof Error ? error.message : String(error)}`);
          return undefined;
        });
        void costs.then((found) => (found === undefined ? (costs = undefined) : undefined));
      }
      await tellCosts();
    },
    evaluated: () => quietly('its evaluation', tellEvaluation()),
    end: () => {
      over = true;
    },
  };

  /** All rows that are stored, in parts. What came by events meanwhile follows: rows of known steps replace them. */
  async function tellMetrics(id: number): Promise<void> {
    let after: number | undefined;
    for (let reset = true; ; reset = false) {
      const params = { run: id, limit: ROWS, ...(after === undefined ? {} : { after }) };
      const { metrics, more } = await daemon.call(({ runs }) => runs.metrics, params);
      if (over) return;
      send({ type: 'metrics', run: key, reset, columns: columnsOf(metrics) });
      const last = metrics.at(-1)?.step;
      if (last !== undefined) rows = rows.filter(({ step }) => step >= last);
      if (!more || last === undefined) return;
      after = last;
    }
  }
}
