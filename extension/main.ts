/** The entry point of the extension: a table of contents. Nothing is loaded or started before it is needed. */
import * as vscode from 'vscode';
import { adapterCommands } from './adapters/commands.ts';
import { registerComparisons } from './adapters/compare.ts';
import { registerAdaptersView } from './adapters/view.ts';
import { watchActive } from './adapters/watch.ts';
import { type App, registerCommands, rememberBegun } from './app.ts';
import { registerParticipant } from './chat/participant.ts';
import { registerChatModels } from './chat/provider.ts';
import { createLink } from './daemon/link.ts';
import { daemonCommands } from './daemon/commands.ts';
import { registerInlineCompletion } from './inline/register.ts';
import { registerLanguageClient } from './language/client.ts';
import { modelCommands } from './models/commands.ts';
import { registerModelsView } from './models/view.ts';
import { outputCommands } from './output/commands.ts';
import { registerPanel } from './panel/panel.ts';
import { registerRunEnds } from './runs/ended.ts';
import { runCommands } from './runs/commands.ts';
import { registerRunsView } from './runs/view.ts';
import { daemonArgs, useStateFolder } from './settings.ts';
import { registerStatusItem } from './statusItem.ts';
import { tuningCommands } from './tuning/commands.ts';
import { useCommands } from './use/commands.ts';
import { registerUse, type UseRecorder } from './use/recorder.ts';

/** What counts completions in this window; VS Code waits until it has ended. */
let use: UseRecorder | undefined;

export function activate(context: vscode.ExtensionContext): void {
  const started = performance.now();
  const log = vscode.window.createOutputChannel('VeRA Studio', { log: true });
  useStateFolder();
  const daemon = createLink({ daemonArgs, log: (line) => log.info(line) });
  const app: App = { context, log, daemon, savings: new Map() };
  context.subscriptions.push(log, daemon);

  context.subscriptions.push(daemon.onRefresh(() => void rememberBegun(app)));
  use = registerUse(app);
  const panel = registerPanel(app, use);
  const adapters = registerAdaptersView(app);
  registerComparisons(app);
  const runs = registerRunsView(app);
  registerRunEnds(app, panel);
  const models = registerModelsView(app);
  const active = watchActive(app);
  registerStatusItem(app, active);
  const inline = registerInlineCompletion(app, active);
  context.subscriptions.push(inline.onShown(use.shown));
  registerLanguageClient(app);
  registerChatModels(app);
  registerParticipant(app);
  registerCommands(app, {
    ...tuningCommands(app, panel),
    ...adapterCommands(app, panel, adapters),
    ...outputCommands(app, panel, adapters),
    ...runCommands(app, panel, runs),
    ...modelCommands(app, panel, models),
    ...daemonCommands(app),
    ...inline.commands,
    ...useCommands(app, use),
  });
  // If a daemon runs already, ask it what it does. Do not start one.
  const timer = setTimeout(
    () => void daemon.peek().catch((error: unknown) => log.info(`no daemon: ${String(error)}`)),
    500,
  );
  context.subscriptions.push({ dispose: () => clearTimeout(timer) });
  log.info(`activated in ${(performance.now() - started).toFixed(1)} ms`);
}

export const deactivate = (): Promise<void> | undefined => use?.end();
