import { randomBytes } from 'node:crypto';
import * as vscode from 'vscode';
import type { FromPanel, ToPanel } from '../../daemon/protocol/panel.ts';
import { panelHtml } from '../../webview/html.ts';
import type { App, Panel } from '../app.ts';
import { CONTEXTS, PANEL } from '../contributions.ts';
import type { UseRecorder } from '../use/recorder.ts';
import { obey, obeyCompletions, obeyEvaluate } from './commands.ts';
import { startFeed, type Feed } from './feed.ts';
import { isTrialRequest, trials, type Trials } from './trial.ts';
import { viewStore } from './viewStore.ts';

/** Of a panel without a run. */
const TITLE = 'VeRA Training';

export function registerPanel(app: App, use: UseRecorder): Panel {
  const { context, log } = app;
  const view = viewStore(context.workspaceState);
  let open: { panel: vscode.WebviewPanel; feed: Feed; trials: Trials; ready: Promise<unknown> } | undefined;

  const take = (panel: vscode.WebviewPanel): void => {
    open?.panel.dispose();
    void vscode.commands.executeCommand('setContext', CONTEXTS.panelSeen, true);
    const { webview } = panel;
    const send = (message: ToPanel): void => void webview.postMessage(message);
    const feed = startFeed(app, view, use, send, (run) => {
      panel.title = run === undefined ? TITLE : `${run} - VeRA`;
    });
    const trying = trials(app, send);
    const ready = Promise.withResolvers<undefined>();
    open = { panel, feed, trials: trying, ready: ready.promise };
    const icon = (theme: string): vscode.Uri =>
      vscode.Uri.joinPath(context.extensionUri, 'media', `panel-${theme}.svg`);
    panel.iconPath = { light: icon('light'), dark: icon('dark') };
    webview.options = { enableScripts: true, enableCommandUris: false, localResourceRoots: [folder(app)] };
    const listening = webview.onDidReceiveMessage((message: unknown) => void receive(message));
    panel.onDidDispose(() => {
      listening.dispose();
      feed.dispose();
      trying.dispose();
      if (open?.panel === panel) open = undefined;
    });
    webview.html = page(app, webview);

    /** The panel shows text from strangers' datasets, so its messages are checked like those of a stranger. */
    const receive = async (unknown: unknown): Promise<void> => {
      const { fromPanel } = await app.daemon.protocol();
      const message = fromPanel.safeParse(unknown);
      if (!message.success) return log.warn('the panel sent something that is no message');
      await handle(message.data);
    };
    const handle = async (message: FromPanel): Promise<void> => {
      if (isTrialRequest(message)) return trying.take(message);
      switch (message.type) {
        case 'ready':
          ready.resolve(undefined);
          await trying.tell();
          return feed.begin();
        case 'view':
          await view.keep(message.view);
          return feed.look(message.view.focus);
        case 'copy':
          return vscode.env.clipboard.writeText(message.text);
        case 'failure':
          return log.error(`training panel: ${message.message}`);
        case 'evaluate':
          return send({
            type: 'answer',
            request: message.request,
            error: await obeyEvaluate(app, panels, message.run),
          });
        case 'completions': {
          const error = await obeyCompletions(app, use, message.command);
          feed.tellCompletions();
          return send({ type: 'answer', request: message.request, error });
        }
        case 'command':
          return send({
            type: 'answer',
            request: message.request,
            error: await obey(app, panels, message.command, message.run),
          });
      }
    };
  };

  const panels: Panel = {
    show: async (focus) => {
      if (focus !== undefined) await view.focus(focus);
      if (open === undefined) {
        const options = { enableScripts: true, localResourceRoots: [folder(app)] };
        take(vscode.window.createWebviewPanel(PANEL, TITLE, vscode.ViewColumn.Active, options));
        return;
      }
      open.panel.reveal();
      if (focus !== undefined) await open.feed.begin();
    },
    isInFront: () => open?.panel.visible === true,
    tryIt: async (adapter, beside) => {
      const { run } = await app.daemon.call(({ adapters }) => adapters.get, { adapter });
      const made = run === null ? undefined : await app.daemon.call(({ runs }) => runs.get, { run });
      await panels.show(typeof made?.run.job === 'number' ? `job/${made.run.job}` : undefined);
      await open?.ready; // a new page has no ears yet
      await open?.trials.open(adapter, beside);
    },
  };
  context.subscriptions.push(
    // After a reload, the window restores its panel, and the panel its runs.
    vscode.window.registerWebviewPanelSerializer(PANEL, {
      deserializeWebviewPanel: (panel: vscode.WebviewPanel): Promise<void> => {
        take(panel);
        return Promise.resolve();
      },
    }),
    {
      dispose: () => {
        open?.panel.dispose();
      },
    },
  );
  return panels;
}

const folder = ({ context }: App): vscode.Uri => vscode.Uri.joinPath(context.extensionUri, 'dist', 'webview');

function page(app: App, webview: vscode.Webview): string {
  const uri = (name: string): string => webview.asWebviewUri(vscode.Uri.joinPath(folder(app), name)).toString();
  return panelHtml({
    script: uri('panel.js'),
    styles: [uri('panel.css'), uri('codicon.css')],
    cspSource: webview.cspSource,
    nonce: randomBytes(24).toString('base64'),
  });
}
