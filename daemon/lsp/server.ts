import {
  CodeActionRequest,
  CodeActionResolveRequest,
  CodeLensRefreshRequest,
  CodeLensRequest,
  ErrorCodes,
  ConfigurationRequest,
  DidChangeConfigurationNotification,
  DidChangeTextDocumentNotification,
  DidCloseTextDocumentNotification,
  DidOpenTextDocumentNotification,
  DidSaveTextDocumentNotification,
  ExitNotification,
  HoverRequest,
  InlineCompletionRequest,
  InitializedNotification,
  InitializeRequest,
  PublishDiagnosticsNotification,
  RequestType,
  ResponseError,
  ShutdownRequest,
  TextDocumentSyncKind,
  type ClientCapabilities,
  type MessageReader,
  type MessageWriter,
  type ServerCapabilities,
} from 'vscode-languageserver-protocol';
import { createProtocolConnection } from 'vscode-languageserver-protocol/node';
import { cacheFolder } from '../home.ts';
import { VeraError } from '../protocol/errors.ts';
import { ACTION_KINDS, actionsFor, resolveAction } from './actions.ts';
import { documents } from './documents.ts';
import { hoverAt } from './hover.ts';
import { INLINE_SECTION, inlineServer } from './inline.ts';
import { lensesOf, summaryOf, type Summary } from './lens.ts';
import { SECTION, settingsFrom } from './settings.ts';
import { tokenizerStore } from './tokenizers.ts';

export interface LanguageServerOptions {
  /** Reported to the client. */
  version: string;
  /** The folder of converted tokenizers and downloaded models. */
  cache?: string;
  /** Called when the client has left (`true`: after `shutdown`, as the protocol wants). The server never ends the process itself. */
  onExit?(orderly: boolean): void;
  /** For unexpected errors, one line each. */
  log?(line: string): void;
}

export interface LanguageServer {
  /** Ends the connection and all work. */
  dispose(): void;
}

const CAPABILITIES: ServerCapabilities = {
  textDocumentSync: { openClose: true, change: TextDocumentSyncKind.Incremental, save: true },
  hoverProvider: true,
  codeLensProvider: { resolveProvider: false },
  codeActionProvider: { codeActionKinds: [...ACTION_KINDS], resolveProvider: true },
};

/** Asks for the figures of an open dataset, the numbers in the lenses. `busy` is true while the scan runs. */
const SummaryRequest = new RequestType<{ uri: string }, (Summary & { busy: boolean }) | null, void>(
  'veraStudio/summary',
);

/** Opens a file from the disk that the editor does not send, and checks it like an open document until textDocument/didClose. */
const OpenFileRequest = new RequestType<{ uri: string }, { opened: true }, void>('veraStudio/openFile');

/**
 * Serves the Language Server Protocol for dataset files over any pair of streams. Several servers may run in one process; each
 * has its own documents. Work is done in slices of milliseconds, so that requests are answered during a scan.
 */
export function startLanguageServer(
  reader: MessageReader,
  writer: MessageWriter,
  options: LanguageServerOptions,
): LanguageServer {
  const say = (line: string): void => options.log?.(line);
  const connection = createProtocolConnection(reader, writer, {
    error: say,
    warn: say,
    info: say,
    log: () => undefined,
  });
  const gone = (): void => undefined; // a client that has left needs no answer
  let client: ClientCapabilities = {};
  let shutDown = false;
  const open = documents(
    {
      publish: (uri, version, diagnostics) =>
        void connection
          .sendNotification(PublishDiagnosticsNotification.type, { uri, version, diagnostics })
          .catch(gone),
      refresh: () => {
        if (client.workspace?.codeLens?.refreshSupport) {
          void connection.sendRequest(CodeLensRefreshRequest.type).catch(gone);
        }
      },
      tokenizer: tokenizerStore(options.cache ?? cacheFolder()),
      own: async (uri) => {
        if (!client.workspace?.configuration) return undefined;
        try {
          const items = [{ section: SECTION, scopeUri: uri }];
          const [own] = (await connection.sendRequest(ConfigurationRequest.type, { items })) as unknown[];
          return own === undefined || own === null ? undefined : settingsFrom(own);
        } catch {
          return undefined; // the settings stay as they are
        }
      },
    },
    settingsFrom({}),
  );
  const inline = inlineServer(say);
  let completes = false;
  const configure = async (pushed?: unknown, pushedInline?: unknown): Promise<void> => {
    let [value, inlineValue] = [pushed, pushedInline];
    if (client.workspace?.configuration) {
      try {
        [value, inlineValue] = (await connection.sendRequest(ConfigurationRequest.type, {
          items: [{ section: SECTION }, ...(completes ? [{ section: INLINE_SECTION }] : [])],
        })) as unknown[];
      } catch {
        return; // the settings stay as they are
      }
    }
    if (completes) inline.configure(inlineValue);
    if (value !== undefined && value !== null) open.configure(settingsFrom({ ...open.settings(), ...value }));
  };

  connection.onRequest(InitializeRequest.type, (params) => {
    client = params.capabilities;
    completes = inline.initialize(params);
    open.configure(settingsFrom(params.initializationOptions));
    const capabilities = completes ? { ...CAPABILITIES, inlineCompletionProvider: true } : CAPABILITIES;
    return { capabilities, serverInfo: { name: 'VeRA Studio', version: options.version } };
  });
  connection.onNotification(InitializedNotification.type, () => void configure());
  connection.onNotification(
    DidChangeConfigurationNotification.type,
    ({ settings }) => void configure(sectionOf(settings, SECTION) ?? settings, sectionOf(settings, INLINE_SECTION)),
  );
  connection.onNotification(DidOpenTextDocumentNotification.type, (params) => {
    open.open(params);
    inline.open(params);
  });
  connection.onNotification(DidChangeTextDocumentNotification.type, (params) => {
    open.change(params);
    inline.change(params);
  });
  connection.onNotification(DidSaveTextDocumentNotification.type, ({ textDocument }) => open.save(textDocument.uri));
  connection.onNotification(DidCloseTextDocumentNotification.type, ({ textDocument }) => {
    open.close(textDocument.uri);
    inline.close(textDocument.uri);
  });

  connection.onRequest(HoverRequest.type, ({ textDocument, position }) => {
    const formats = client.textDocument?.hover?.contentFormat ?? ['markdown'];
    const found = open.get(textDocument.uri);
    return found ? hoverAt(found.dataset, position, formats.includes('markdown')) : null;
  });
  connection.onRequest(InlineCompletionRequest.type, (params, token) => inline.complete(params, token));
  connection.onRequest(CodeLensRequest.type, ({ textDocument }) => {
    const found = open.get(textDocument.uri);
    return found ? lensesOf(found.dataset, found.count) : null;
  });
  connection.onRequest(CodeActionRequest.type, (params) => {
    const found = open.get(params.textDocument.uri);
    return found ? actionsFor(found.dataset, found.about, params) : null;
  });
  connection.onRequest(CodeActionResolveRequest.type, async (action, token) => {
    const resolved = await resolveAction(open.get, action, () => token.isCancellationRequested);
    if (token.isCancellationRequested) throw new ResponseError(-32800, 'cancelled');
    return resolved;
  });
  connection.onRequest(SummaryRequest, ({ uri }) => {
    const found = open.get(uri);
    return found ? { ...summaryOf(found.dataset, found.count), busy: found.scanning || found.looking > 0 } : null;
  });

  connection.onRequest(OpenFileRequest, async ({ uri }) => {
    try {
      await open.openFile(uri);
    } catch (error) {
      if (error instanceof VeraError)
        throw new ResponseError(ErrorCodes.InvalidParams, error.message, { code: error.code });
      throw error;
    }
    return { opened: true };
  });

  connection.onRequest(ShutdownRequest.type, async () => {
    shutDown = true;
    open.end();
    await inline.end();
  });
  const end = (): void => {
    open.end();
    void inline.end();
    connection.dispose();
  };
  let left = false;
  const leave = (): void => {
    if (left) return;
    left = true;
    end();
    options.onExit?.(shutDown);
  };
  connection.onNotification(ExitNotification.type, leave);
  connection.onClose(leave);
  connection.listen();
  return { dispose: end };
}

/** A section in the whole tree of settings that a client sent; undefined if it is not there. */
function sectionOf(settings: unknown, section: string): unknown {
  let value = settings;
  for (const step of section.split('.')) {
    if (typeof value !== 'object' || value === null || !(step in value)) return undefined;
    value = (value as Record<string, unknown>)[step];
  }
  return value;
}
