/** Inline completions (ghost text) of the active adapter. */
import * as vscode from 'vscode';
import { type Completer, createCompleter, type State } from '../../daemon/inline/completer.ts';
import type { Host } from '../../daemon/inline/host.ts';
import type { Shown } from '../../daemon/inline/shown.ts';
import type { ActiveAdapter } from '../adapters/watch.ts';
import { type App, type Handlers, workspaceFolder } from '../app.ts';
import { changesSetting, setting } from '../settings.ts';
import { maxLinesFor, whyNot } from './choice.ts';
import { createSources } from './sources.ts';
import { createStatus } from './status.ts';

export interface InlineCompletion {
  readonly commands: Handlers<'toggleInline' | 'snoozeInline' | 'triggerInline' | 'inlineStatus'>;
  /** Fires with each completion that VS Code was given to show. */
  readonly onShown: vscode.Event<Shown>;
}

export function registerInlineCompletion(app: App, active: ActiveAdapter): InlineCompletion {
  const { context, log } = app;
  const shown = new vscode.EventEmitter<Shown>();
  let state: State = { busy: false, problem: undefined, author: undefined };
  let said = '';
  const completer: Completer = createCompleter(hostOf(app), {
    onState: (next) => {
      state = next;
      const problem = next.problem?.message ?? '';
      // A message on the screen for each key would be in the way; the status bar says it.
      if (problem !== said && problem !== '') log.warn(`no inline completions: ${problem}`);
      said = problem;
      status.refresh();
    },
  });
  const status = createStatus(app, active, () => state);
  const isWanted = (document: vscode.TextDocument, invoked: boolean): boolean =>
    (active.name() !== null || setting('inlineWithoutAdapter', false)) &&
    (invoked || status.snoozedUntil() <= Date.now()) &&
    whyNot(document, invoked) === undefined;

  const provider: vscode.InlineCompletionItemProvider = {
    async provideInlineCompletionItems(document, position, { triggerKind, selectedCompletionInfo: selected }, token) {
      const invoked = triggerKind === vscode.InlineCompletionTriggerKind.Invoke;
      if (!isWanted(document, invoked)) return undefined;
      const plain = plainOf(document);
      const offset = (at: vscode.Position): number => plainOffset(document, at);
      const ending = new AbortController();
      const listening = token.onCancellationRequested(() => ending.abort());
      try {
        const completion = await completer.complete(
          {
            place: { ...plain, offset: offset(position) },
            ...{ scope: workspaceFolder(document.uri), invoked, maxLines: maxLinesFor(document.uri) },
            ...(selected === undefined
              ? {}
              : {
                  selected: {
                    start: offset(selected.range.start),
                    end: offset(selected.range.end),
                    text: selected.text,
                  },
                }),
          },
          ending.signal,
        );
        if (completion === undefined) return undefined;
        shown.fire(inDocument(document, position.line, completion));
        const { start, end, text } = completion;
        // All of it is on the cursor's line.
        const column = (at: number): number => position.character + at - completion.offset;
        const { line } = position;
        return [new vscode.InlineCompletionItem(text, new vscode.Range(line, column(start), line, column(end)))];
      } finally {
        listening.dispose();
      }
    },
  };
  const edited = ({ document, contentChanges }: vscode.TextDocumentChangeEvent): void => {
    if (contentChanges.length === 0 || !isWanted(document, false)) return;
    const next = { scope: workspaceFolder(document.uri), maxLines: maxLinesFor(document.uri) };
    // With several cursors, the first place in the document counts: its offset is right after the other changes, too.
    const { range, rangeLength: removed, text } = contentChanges.at(-1)!;
    const inserted = text.replaceAll('\r\n', '\n');
    completer.edited({ ...plainOf(document), start: plainOffset(document, range.start), removed, inserted }, next);
  };
  context.subscriptions.push(
    shown,
    { dispose: () => completer.dispose() },
    vscode.languages.registerInlineCompletionItemProvider({ pattern: '**' }, provider),
    vscode.workspace.onDidChangeTextDocument(edited),
    active.onChange(() => {
      completer.modelChanged();
      status.refresh();
    }),
    vscode.window.onDidChangeActiveTextEditor(() => status.refresh()),
    vscode.workspace.onDidGrantWorkspaceTrust(() => status.refresh()),
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (!INLINE_SETTINGS.some((name) => changesSetting(event, name))) return;
      completer.modelChanged();
      status.refresh();
    }),
  );
  status.refresh();
  return {
    commands: {
      ...status.commands,
      triggerInline: () => vscode.commands.executeCommand('editor.action.inlineSuggest.trigger'),
    },
    onShown: shown.event,
  };
}

const INLINE_SETTINGS = [
  'inlineEnabled',
  'inlineLanguages',
  'inlineExclude',
  'inlineWithoutAdapter',
  'statusBar',
] as const;

/** The core knows only line feeds. */
const plainOf = (document: vscode.TextDocument): { uri: string; languageId: string; text: string } => ({
  uri: document.uri.toString(),
  languageId: document.languageId,
  text: document.getText().replaceAll('\r\n', '\n'),
});

const extraPerLine = ({ eol }: vscode.TextDocument): number => (eol === vscode.EndOfLine.CRLF ? 1 : 0);
const plainOffset = (document: vscode.TextDocument, at: vscode.Position): number =>
  document.offsetAt(at) - at.line * extraPerLine(document);

/** A completion in the offsets and line ends of its document. */
function inDocument(document: vscode.TextDocument, line: number, one: Shown): Shown {
  const extra = line * extraPerLine(document);
  const text = extra === 0 && document.eol === vscode.EndOfLine.LF ? one.text : one.text.replaceAll('\n', '\r\n');
  return { ...one, start: one.start + extra, end: one.end + extra, offset: one.offset + extra, text };
}

function hostOf(app: App): Host {
  let made: Promise<Pick<Host, 'describe' | 'generate'>> | undefined;
  const asking = (): Promise<Pick<Host, 'describe' | 'generate'>> =>
    (made ??= app.daemon
      .protocol()
      .then(({ askDaemon }) =>
        askDaemon({
          call: (method, params, options) => app.daemon.call(() => method, params, options),
          alone: () => setting('inlineWithoutAdapter', false),
        }),
      )
      .catch((error: unknown) => {
        made = undefined; // the next request tries again
        throw error;
      }));
  return {
    describe: async (scope) => (await asking()).describe(scope),
    generate: async (...request) => (await asking()).generate(...request),
    sources: createSources(),
  };
}
