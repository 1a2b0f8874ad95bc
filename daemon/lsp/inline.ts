/** textDocument/inlineCompletion for editors other than VS Code, where our extension does it. */
import { setTimeout } from 'node:timers/promises';
import {
  type CancellationToken,
  type DidChangeTextDocumentParams,
  type DidOpenTextDocumentParams,
  type InitializeParams,
  type InlineCompletionItem,
  type InlineCompletionParams,
  InlineCompletionTriggerKind,
} from 'vscode-languageserver-protocol';
import { z } from 'zod';
import type { Client } from '../client/connect.ts';
import { type Completer, createCompleter } from '../inline/completer.ts';
import { type RelatedFiles, relatedFiles } from '../inline/files.ts';
import { fitsAny } from '../inline/globs.ts';
import type { Host } from '../inline/host.ts';
import { openSources } from '../inline/open.ts';
import { createRecorder } from '../inline/use/recorder.ts';
import { DEFAULT_LINES, EXCLUDED } from '../inline/settings.ts';
import { record } from '../protocol/completions.ts';
import { pathOf } from './documents.ts';
import { type PlainText, plainText } from './plainText.ts';

/** The section of a client's configuration, or `inlineCompletion` of its initialization options. */
export const INLINE_SECTION = 'veraStudio.inlineCompletion';

/** A value that is wrong or missing falls back to the default. */
export const inlineSettings = z.object({
  enabled: z.boolean().catch(true),
  /** Glob patterns of files in which nothing is completed and of which nothing goes into a prompt. */
  exclude: z
    .array(z.string().max(1000))
    .max(1000)
    .catch([...EXCLUDED]),
  /** Most lines of a completion. */
  maxLines: z.int().min(1).max(100).catch(DEFAULT_LINES),
  /** Keep the texts of completions, not only counts. */
  keepTexts: z.boolean().catch(false),
  /** Let the base that was used last answer where no adapter is active. */
  withoutAdapter: z.boolean().catch(false),
});
type InlineSettings = z.output<typeof inlineSettings>;

const settingsOf = (value: unknown): InlineSettings =>
  inlineSettings.parse(typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {});

export interface InlineServer {
  /** Whether this client asks for inline completions. Until `initialize` says so, nothing is remembered. */
  initialize(params: InitializeParams): boolean;
  configure(value: unknown): void;
  open(params: DidOpenTextDocumentParams): void;
  change(params: DidChangeTextDocumentParams): void;
  close(uri: string): void;
  complete(params: InlineCompletionParams, token: CancellationToken): Promise<InlineCompletionItem[]>;
  /** Has what was shown counted, and ends the connection. */
  end(): Promise<void>;
}

/** A client waits so long at most for the last counts when it leaves. */
const END_MS = 2000;

export function inlineServer(say: (line: string) => void): InlineServer {
  const documents = new Map<string, PlainText>();
  const files: RelatedFiles = relatedFiles();
  const link = daemonLink(() => completer.modelChanged());
  let settings = settingsOf(undefined);
  let roots: string[] = [];
  let [isOn, said] = [false, ''];

  const isExcluded = (path: string): boolean => fitsAny(path, settings.exclude);
  const scopeOf = (uri: string): string | undefined => {
    const path = pathOf(uri);
    const holds = (root: string): boolean => path?.startsWith(root.endsWith('/') ? root : `${root}/`) ?? false;
    return roots.filter(holds).sort((a, b) => b.length - a.length)[0] ?? roots[0];
  };
  const next = (uri: string): { scope: string | undefined; maxLines: number } => ({
    scope: scopeOf(uri),
    maxLines: settings.maxLines,
  });
  const asking = async (): Promise<Pick<Host, 'describe' | 'generate'>> => {
    const { askDaemon } = await import('../client/inline.ts');
    const client = await link.client();
    const call: Client['call'] = (method, params, how) => client.call(method, params, how);
    return askDaemon({ call, alone: () => settings.withoutAdapter });
  };
  let asked: ReturnType<typeof asking> | undefined;
  const host = (): ReturnType<typeof asking> => {
    asked ??= asking().catch((error: unknown) => {
      asked = undefined;
      throw error;
    });
    return asked;
  };
  const recorder = createRecorder({
    record: async (completions) => (await link.client()).call(record, { completions }),
    isConnected: () => link.isOpen(),
    pathOf: (uri) => pathOf(uri) ?? uri,
    keepsTexts: () => settings.keepTexts,
    say,
  });
  let ending: Promise<void> | undefined;
  const completer: Completer = createCompleter(
    {
      describe: async (scope) => (await host()).describe(scope),
      generate: async (...request) => (await host()).generate(...request),
      async sources({ uri, languageId, text }, scope) {
        const open = openSources(
          [...documents.values()].filter((other) => other.uri !== uri && !isExcluded(pathOf(other.uri) ?? other.uri)),
          languageId,
        );
        const path = pathOf(uri);
        if (path === undefined || scope === undefined) return open;
        const others = await files.of(path, text, scope, isExcluded);
        return [...open, ...others.filter((other) => !documents.has(other.uri))];
      },
    },
    {
      onShown(shown) {
        const document = documents.get(shown.uri);
        if (document !== undefined) recorder.show(shown, document.text());
      },
      onState({ problem }) {
        const message = problem?.message ?? '';
        if (message !== '' && message !== said) say(`no inline completions: ${message}`);
        said = message;
      },
    },
  );

  return {
    initialize({ capabilities, initializationOptions, workspaceFolders }) {
      isOn = capabilities.textDocument?.inlineCompletion !== undefined;
      roots = (workspaceFolders ?? []).flatMap(({ uri }) => pathOf(uri) ?? []);
      const given = initializationOptions as { inlineCompletion?: unknown } | null | undefined;
      settings = settingsOf(given?.inlineCompletion);
      return isOn;
    },
    configure(value) {
      if (value === undefined || value === null) return;
      settings = settingsOf({ ...settings, ...value });
      completer.modelChanged();
    },
    open({ textDocument: { uri, languageId, version, text } }) {
      if (isOn) documents.set(uri, plainText(uri, languageId, version, text));
    },
    change({ textDocument: { uri, version }, contentChanges }) {
      const document = documents.get(uri);
      const changes = document?.change(contentChanges, version) ?? [];
      recorder.change(
        uri,
        changes.map(({ start, removed, inserted }) => ({ offset: start, removed, text: inserted })),
      );
      const change = changes.at(-1);
      if (document === undefined || change === undefined || isExcluded(pathOf(uri) ?? uri)) return;
      completer.edited({ uri, languageId: document.languageId, text: document.text(), ...change }, next(uri));
    },
    close(uri) {
      recorder.close(uri);
      documents.delete(uri);
    },
    async complete({ textDocument: { uri }, position, context }, token) {
      const document = documents.get(uri);
      const invoked = context.triggerKind === InlineCompletionTriggerKind.Invoked;
      if (document === undefined || (!settings.enabled && !invoked) || isExcluded(pathOf(uri) ?? uri)) return [];
      const ending = new AbortController();
      token.onCancellationRequested(() => ending.abort());
      const info = context.selectedCompletionInfo;
      const completion = await completer.complete(
        {
          place: { uri, languageId: document.languageId, text: document.text(), offset: document.offsetAt(position) },
          ...{ ...next(uri), invoked },
          ...(info === undefined
            ? {}
            : {
                selected: {
                  start: document.offsetAt(info.range.start),
                  end: document.offsetAt(info.range.end),
                  text: info.text,
                },
              }),
        },
        ending.signal,
      );
      if (completion === undefined) return [];
      // All of it is on the cursor's line.
      const at = (offset: number) => ({
        line: position.line,
        character: position.character + offset - completion.offset,
      });
      return [{ insertText: completion.text, range: { start: at(completion.start), end: at(completion.end) } }];
    },
    end() {
      ending ??= (async () => {
        completer.dispose();
        await Promise.race([recorder.end(), setTimeout(END_MS, undefined, { ref: false })]);
        link.end();
      })();
      return ending;
    },
  };
}

/** A connection to the daemon, made when it is first needed. It starts the daemon where none runs. */
function daemonLink(onChange: () => void): { client(): Promise<Client>; isOpen(): boolean; end(): void } {
  let connected: Promise<Client> | undefined;
  const open = async (): Promise<Client> => {
    const { connect } = await import('../client/connect.ts');
    const client = await connect({ onReconnect: onChange });
    const events = (all: readonly { readonly body: { readonly type: string } }[]): void => {
      if (all.some(({ body }) => body.type === 'catalog')) onChange();
    };
    await client.follow(['catalog'], undefined, { events, skipped: onChange });
    return client;
  };
  return {
    client() {
      connected ??= open().catch((error: unknown) => {
        connected = undefined;
        throw error;
      });
      return connected;
    },
    isOpen: () => connected !== undefined,
    end: () => void connected?.then((client) => client.close()).catch(() => undefined),
  };
}
