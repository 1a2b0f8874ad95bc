/** A client of a real language server: `vera lsp --stdio` in a process of its own. */
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type {
  CodeAction,
  CodeLens,
  Diagnostic,
  Hover,
  Position,
  PublishDiagnosticsParams,
  Range,
  TextEdit,
} from 'vscode-languageserver-protocol';
import {
  createProtocolConnection,
  StreamMessageReader,
  StreamMessageWriter,
  type MessageReader,
  type MessageWriter,
  type ProtocolConnection,
} from 'vscode-languageserver-protocol/node';
import { root } from '../sources.ts';

export interface Editor {
  connection: ProtocolConnection;
  /** Opens a document and waits until it is checked completely. */
  open: (uri: string, text: string, languageId?: string) => Promise<Diagnostic[]>;
  change: (uri: string, changes: { range?: Range; text: string }[]) => void;
  /** The next diagnostics that `wanted` accepts; the last ones where it accepts those. */
  diagnostics: (uri: string, wanted?: (found: PublishDiagnosticsParams) => boolean) => Promise<Diagnostic[]>;
  /** What was published last. */
  last: (uri: string) => Diagnostic[] | undefined;
  /** Waits for the end of the scan. */
  settled: (uri: string) => Promise<Diagnostic[]>;
  hover: (uri: string, position: Position) => Promise<Hover | null>;
  lenses: (uri: string) => Promise<CodeLens[]>;
  actions: (uri: string, range: Range, only?: string[]) => Promise<CodeAction[]>;
  resolve: (action: CodeAction) => Promise<CodeAction>;
}

export interface LspClient extends Editor {
  process: ChildProcess;
  /** Ends the session as the protocol says (shutdown, exit). Returns the exit code. */
  end(): Promise<number | null>;
}

export interface EditorOptions {
  settings?: Record<string, unknown>;
  capabilities?: object;
}

export interface ClientOptions extends EditorOptions {
  env?: Record<string, string>;
}

export async function startClient({ env = {}, ...options }: ClientOptions = {}): Promise<LspClient> {
  const child = spawn(process.execPath, [join(root, 'daemon/cli/main.ts'), 'lsp', '--stdio'], {
    env: { ...process.env, ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const editor = await editorOn(new StreamMessageReader(child.stdout), new StreamMessageWriter(child.stdin), options);
  return {
    ...editor,
    process: child,
    async end() {
      if (child.exitCode !== null) return child.exitCode;
      const gone = once(child, 'exit');
      await editor.connection.sendRequest('shutdown');
      await editor.connection.sendNotification('exit');
      const [code] = (await gone) as [number | null];
      editor.connection.dispose();
      return code;
    },
  };
}

/** The editor's side of a connection to a server, after the greeting. */
export async function editorOn(
  reader: MessageReader,
  writer: MessageWriter,
  { settings = {}, capabilities = {} }: EditorOptions = {},
): Promise<Editor> {
  const connection = createProtocolConnection(reader, writer);
  const last = new Map<string, PublishDiagnosticsParams>();
  const waiting = new Set<() => void>();
  connection.onNotification('textDocument/publishDiagnostics', (params: PublishDiagnosticsParams) => {
    last.set(params.uri, params);
    for (const look of waiting) look();
  });
  connection.listen();
  await connection.sendRequest('initialize', {
    processId: null,
    rootUri: null,
    capabilities: { textDocument: { hover: { contentFormat: ['markdown'] } }, ...capabilities },
    initializationOptions: settings,
  });
  await connection.sendNotification('initialized', {});
  const versions = new Map<string, number>();

  const client: Editor = {
    connection,
    async open(uri, text, languageId = 'jsonl') {
      versions.set(uri, 1);
      await connection.sendNotification('textDocument/didOpen', {
        textDocument: { uri, languageId, version: 1, text },
      });
      return client.settled(uri);
    },
    change(uri, contentChanges) {
      const version = versions.get(uri)! + 1;
      versions.set(uri, version);
      void connection.sendNotification('textDocument/didChange', { textDocument: { uri, version }, contentChanges });
    },
    diagnostics(uri, wanted = () => true) {
      return new Promise((resolve) => {
        const look = (): void => {
          const found = last.get(uri);
          if (!found || found.version !== versions.get(uri) || !wanted(found)) return;
          waiting.delete(look);
          resolve(found.diagnostics);
        };
        waiting.add(look);
        look();
      });
    },
    async settled(uri) {
      for (let i = 0; ; i++) {
        const summary = await connection.sendRequest<{ open: number; busy: boolean } | null>('veraStudio/summary', {
          uri,
        });
        if (summary && !summary.busy) return client.diagnostics(uri);
        assert.ok(i < 3000, `${uri} was not scanned in a minute`);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
    last: (uri) => last.get(uri)?.diagnostics,
    hover: (uri, position) => connection.sendRequest('textDocument/hover', { textDocument: { uri }, position }),
    lenses: (uri) => connection.sendRequest('textDocument/codeLens', { textDocument: { uri } }),
    async actions(uri, range, only) {
      const diagnostics = (last.get(uri)?.diagnostics ?? []).filter(
        (one) => one.range.start.line <= range.end.line && one.range.end.line >= range.start.line,
      );
      return connection.sendRequest('textDocument/codeAction', {
        textDocument: { uri },
        range,
        context: { diagnostics, ...(only ? { only } : {}) },
      });
    },
    resolve: (action) => connection.sendRequest('codeAction/resolve', action),
  };
  return client;
}

/** The text with edits applied, as an editor applies them. */
export function edited(text: string, edits: readonly TextEdit[]): string {
  const starts = [0];
  for (const { index, 0: found } of text.matchAll(/\r\n?|\n/g)) starts.push(index + found.length);
  const at = ({ line, character }: Position): number =>
    line >= starts.length ? text.length : Math.min(starts[line]! + character, starts[line + 1] ?? text.length);
  const ordered = [...edits].sort((a, b) => at(b.range.start) - at(a.range.start));
  return ordered.reduce(
    (out, { range, newText }) => out.slice(0, at(range.start)) + newText + out.slice(at(range.end)),
    text,
  );
}

export const atLine = (line: number, character = 0): Range => ({
  start: { line, character },
  end: { line, character },
});
