import * as vscode from 'vscode';
import type { App } from '../app.ts';
import { CONTEXTS } from '../contributions.ts';
import { soonest } from '../listing.ts';
import { isDemo } from '../tuning/baseLabel.ts';
import { activeHere } from './active.ts';

/** Key under which the name of the active adapter is remembered until the daemon is asked again. */
const LAST = 'lastActive';

/** The active adapter of this window. */
export interface ActiveAdapter {
  /** null: none. As it was last known, also while no daemon runs. */
  name(): string | null;
  /** Whether it belongs to the bundled model, as far as that is known. */
  isOfDemo(): boolean;
  /** Fires when another adapter may be active, or the same name may mean another one. */
  readonly onChange: vscode.Event<void>;
}

export function watchActive(app: App): ActiveAdapter {
  const { context, daemon, log } = app;
  const changed = new vscode.EventEmitter<void>();
  let name = context.workspaceState.get<string>(LAST) ?? null;
  let ofDemo = false;
  const ask = soonest(() => {
    void activeHere(app)
      .then((adapter) => {
        name = adapter?.name ?? null;
        ofDemo = adapter !== null && isDemo(adapter.base.name);
        if (name !== null) void vscode.commands.executeCommand('setContext', CONTEXTS.hasActive, true);
        changed.fire();
        return context.workspaceState.update(LAST, name ?? undefined);
      })
      .catch((error: unknown) => log.info(`the active adapter is not known: ${String(error)}`));
  });
  context.subscriptions.push(
    changed,
    daemon.onCatalog(({ kind }) => (kind === 'adapter' ? ask() : undefined)),
    daemon.onRefresh(ask),
    vscode.workspace.onDidChangeWorkspaceFolders(() => (daemon.state === 'connected' ? ask() : undefined)),
  );
  return { name: () => name, isOfDemo: () => ofDemo, onChange: changed.event };
}
