import { activateFor, activeHere, deactivateFor } from '../adapters/active.ts';
import { revealFolder } from '../adapters/reveal.ts';
import { type App, type Panel, requireTrust, showError } from '../app.ts';
import { isQuiet } from '../quiet.ts';
import { commandsOf } from '../../daemon/protocol/panelCommands.ts';
import type { CompletionsCommand, RunCommand } from '../../daemon/protocol/panel.ts';
import { evaluateCompletions } from '../output/evaluate.ts';
import { exportWith } from '../output/flow.ts';
import { cancel } from '../runs/commands.ts';
import { fineTuneAgain } from '../tuning/again.ts';
import { count, forgetAll, showTexts } from '../use/commands.ts';
import type { UseRecorder } from '../use/recorder.ts';
import { jobOfKey, panelRun } from './panelRun.ts';

/** Does what a button of the panel asks for, where the run's state allows it; says why not. */
export const obey = (app: App, panel: Panel, command: RunCommand, key: string): Promise<string | null> =>
  answered(app, () => doCommand(app, panel, command, key));

/** Does what a button about completions asks for; says why not. */
export const obeyCompletions = (app: App, use: UseRecorder, command: CompletionsCommand): Promise<string | null> =>
  answered(app, async () => {
    if (command === 'texts') await showTexts();
    else if (command === 'forget') await forgetAll(app, use);
    else await count(app, command === 'resume');
  });

/** Starts an evaluation of completions with the adapter of a run; says why it cannot. */
export const obeyEvaluate = (app: App, panel: Panel, key: string): Promise<string | null> =>
  answered(app, async () => {
    await requireTrust('Evaluating completions');
    const id = jobOfKey(key);
    if (id === undefined) throw new Error(`${key} is no run of this panel.`);
    const { run } = await app.daemon.call(({ jobs }) => jobs.get, { job: id });
    const made = run === null ? undefined : await app.daemon.call(({ runs }) => runs.get, { run });
    if (made?.adapter == null) throw new Error('The run has made no adapter.');
    later(app, evaluateCompletions(app, panel, made.adapter));
  });

async function answered(app: App, work: () => Promise<void>): Promise<string | null> {
  try {
    await work();
    return null;
  } catch (error) {
    if (isQuiet(error)) return null;
    app.log.error(error instanceof Error ? (error.stack ?? error.message) : String(error));
    return error instanceof Error ? error.message : String(error);
  }
}

async function doCommand(app: App, panel: Panel, command: RunCommand, key: string): Promise<void> {
  const { daemon } = app;
  const id = jobOfKey(key);
  if (id === undefined) throw new Error(`${key} is no run of this panel.`);
  const job = await daemon.call(({ jobs }) => jobs.get, { job: id });
  const { run, adapter } =
    job.run === null ? { run: undefined, adapter: null } : await daemon.call(({ runs }) => runs.get, { run: job.run });
  const active = await activeHere(app);
  const shown = panelRun(job, run, adapter, undefined);
  if (!commandsOf(shown, active?.id ?? null).includes(command))
    throw new Error(`That is not possible while the run is ${job.state}.`);
  const made = (): NonNullable<typeof adapter> => {
    if (adapter === null) throw new Error('The run has made no adapter.');
    return adapter;
  };
  switch (command) {
    case 'pause':
      await daemon.call(({ jobs }) => jobs.pause, { job: id });
      return;
    case 'resume':
      await daemon.call(({ jobs }) => jobs.resume, { job: id });
      return;
    case 'retry':
      await daemon.call(({ jobs }) => jobs.retry, { job: id });
      return;
    case 'stop':
      return cancel(app, [job]);
    case 'activate':
      return activateFor(app, made().id);
    case 'deactivate':
      return deactivateFor(app);
    case 'tryIt':
      return panel.tryIt(made().id);
    case 'merge':
      await requireTrust('Merging');
      return later(app, exportWith(app, panel, made(), 'merge'));
    case 'export':
      await requireTrust('Exporting');
      return later(app, exportWith(app, panel, made()));
    case 'runAgain':
      return later(app, fineTuneAgain(app, panel, job));
    case 'openFolder':
      if (shown.out !== null) await revealFolder(shown.out);
  }
}

/** Starts a command that asks a person for more, without waiting for it: the button is free again at once. */
function later({ log }: App, work: Promise<void>): void {
  void work.catch(async (error: unknown) => {
    if (isQuiet(error)) return;
    await showError(log, error);
  });
}
