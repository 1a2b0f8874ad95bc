import { isOver } from './jobStates.ts';
import type { PanelRun, RunCommand } from './panel.ts';

/** The commands that a run's state allows, in the order of the buttons. The panel shows them and the extension checks them. */
export function commandsOf(run: Pick<PanelRun, 'state' | 'adapter' | 'out'>, active: number | null): RunCommand[] {
  const ended = isOver(run.state);
  const commands: RunCommand[] = [];
  if (run.state === 'paused') commands.push('resume');
  if (run.state === 'running' || run.state === 'queued') commands.push('pause');
  if (run.state === 'failed' || run.state === 'cancelled') commands.push('retry');
  if (!ended && run.state !== 'cancelling') commands.push('stop');
  if (run.adapter) commands.push(run.adapter.id === active ? 'deactivate' : 'activate', 'tryIt', 'merge', 'export');
  commands.push('runAgain');
  if (run.out !== null) commands.push('openFolder');
  return commands;
}
