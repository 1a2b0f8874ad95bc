import * as vscode from 'vscode';
import type { App } from '../app.ts';
import { knownBases } from '../tuning/bases.ts';
import { draftSpec } from '../tuning/draft.ts';
import { describedSettings } from '../tuning/fields.ts';
import { trainingOf } from '../tuning/training.ts';

/** Tokens per second of training on this machine, for each base. The line above a dataset computes its minutes from them. */
export interface Rates {
  /** 0 if not known yet. */
  of(base: string): number;
  /** Estimates an unknown rate from the plan of a run over a dataset. Does so once per base. */
  estimate(base: string, data: string): Promise<void>;
  readonly onChange: vscode.Event<void>;
}

const RATES = 'tokensPerSecond';
const MOST = 100; // bases

export function createRates(app: App): Rates {
  const { context, daemon, log } = app;
  const changed = new vscode.EventEmitter<void>();
  const tried = new Set<string>();
  const known = (): Record<string, number> => context.globalState.get(RATES, {});
  const keep = async (base: string, rate: number): Promise<void> => {
    if (!(rate > 0) || !Number.isFinite(rate)) return;
    const others = Object.entries(known()).filter(([name]) => name !== base);
    await context.globalState.update(RATES, Object.fromEntries([...others.slice(1 - MOST), [base, rate]]));
    changed.fire();
  };
  context.subscriptions.push(
    changed,
    // A measured rate is better than any estimate.
    daemon.onJob((job) => {
      if (job.kind === 'train' && job.state === 'succeeded')
        void keep(trainingOf(job).settings.base, job.progress.tokensPerSecond ?? 0);
    }),
  );
  return {
    of: (base) => known()[base] ?? 0,
    estimate: async (base, data) => {
      if (known()[base] !== undefined || tried.has(base)) return;
      tried.add(base);
      try {
        const chosen = (await knownBases(app)).find(({ spec }) => spec === base);
        if (chosen === undefined) return;
        const described = await describedSettings(app);
        const draft = { data, base: chosen, preset: 'balanced', changes: {}, activate: false, described } as const;
        // The daemon knows how fast the machine is, or measures it once; no data is read.
        const { plans } = await daemon.call(({ jobs }) => jobs.plan, { specs: [draftSpec(draft)], read: false });
        const [answer] = plans;
        if (answer === undefined || 'error' in answer) return;
        const { secondsPerStep, tokensPerStep } = (await daemon.protocol()).trainPlan.parse(answer.details);
        if (secondsPerStep !== undefined && tokensPerStep !== undefined)
          await keep(base, tokensPerStep / secondsPerStep);
      } catch (error) {
        log.info(`how long a run takes is not known: ${String(error)}`);
      }
    },
    onChange: changed.event,
  };
}
