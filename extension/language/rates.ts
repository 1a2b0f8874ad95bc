import { statSync } from 'node:fs';
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
  /** Estimates an unknown rate from the plan of a run over a dataset with so many tokens. Does so once per dataset. */
  estimate(base: string, data: string, tokens: number): Promise<void>;
  readonly onChange: vscode.Event<void>;
}

const RATES = 'tokensPerSecond';
const MOST = 100; // bases
/** A plan reads the whole dataset, so for a larger file the rate is only known after the first run. */
const MOST_BYTES = 20e6;

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
    estimate: async (base, data, tokens) => {
      const about = JSON.stringify([base, data]);
      if (known()[base] !== undefined || tried.has(about) || statSync(data).size > MOST_BYTES) return;
      tried.add(about);
      try {
        const chosen = (await knownBases(app)).find(({ spec }) => spec === base);
        if (chosen === undefined) return;
        const described = await describedSettings(app);
        const draft = {
          data,
          base: chosen,
          preset: 'balanced',
          changes: { epochs: 1 },
          activate: false,
          described,
        } as const;
        const spec = draftSpec(draft);
        const { details } = await daemon.call(({ jobs }) => jobs.plan, { spec });
        const { secondsPerStep, data: rows } = (await daemon.protocol()).trainPlan.parse(details);
        if (secondsPerStep !== undefined && rows !== undefined)
          await keep(base, tokens / (secondsPerStep * rows.steps));
      } catch (error) {
        log.info(`how long a run takes is not known: ${String(error)}`);
      }
    },
    onChange: changed.event,
  };
}
