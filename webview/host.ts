import type { CompletionsCommand, FromPanel, RunCommand, ToPanel, ViewState } from '../daemon/protocol/panel.ts';

interface VsCodeApi {
  postMessage(message: FromPanel): void;
  getState(): unknown;
  setState(state: unknown): void;
}
declare function acquireVsCodeApi(): VsCodeApi;

/** The extension, as the panel sees it. */
export interface Host {
  send(message: FromPanel): void;
  /** Sends a command. `done` is called with the error, if any, when the extension has answered. */
  command(command: RunCommand, run: string, done: (error: string | null) => void): void;
  /** Starts an evaluation of completions, as `command`. */
  evaluate(run: string, done: (error: string | null) => void): void;
  completions(command: CompletionsCommand, done: (error: string | null) => void): void;
  /** The view that was kept before a reload. */
  readonly kept: Partial<ViewState> | null;
  keep(view: ViewState): void;
}

/** A choice is sent to the extension when no other one follows for this long. */
const QUIET = 250; // milliseconds

export function connect(receive: (message: ToPanel) => void): Host {
  const api = acquireVsCodeApi();
  const open = new Map<number, (error: string | null) => void>();
  let requests = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  window.addEventListener('message', ({ data }: MessageEvent<ToPanel | null>) => {
    if (typeof data !== 'object' || data === null) return;
    if (data.type !== 'answer') return receive(data);
    open.get(data.request)?.(data.error);
    open.delete(data.request);
  });
  const state = api.getState();
  return {
    send: (message) => api.postMessage(message),
    command(command, run, done) {
      open.set(++requests, done);
      api.postMessage({ type: 'command', request: requests, command, run });
    },
    evaluate(run, done) {
      open.set(++requests, done);
      api.postMessage({ type: 'evaluate', request: requests, run });
    },
    completions(command, done) {
      open.set(++requests, done);
      api.postMessage({ type: 'completions', request: requests, command });
    },
    kept: typeof state === 'object' ? state : null,
    keep(view) {
      api.setState(view);
      clearTimeout(timer);
      timer = setTimeout(() => api.postMessage({ type: 'view', view }), QUIET);
    },
  };
}
