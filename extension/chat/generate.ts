import type * as vscode from 'vscode';
import type { z } from 'zod';
import type * as generation from '../../daemon/protocol/generation.ts';
import type { App } from '../app.ts';

type Params = z.input<(typeof generation.generate)['params']>;
type Answer = z.output<(typeof generation.generate)['result']>;

export interface Listener {
  /** Who answers. It is called before any text. */
  readonly model?: (model: generation.AnsweringModel) => void;
  readonly text: (text: string) => void;
}

/** Asks the daemon for an answer and passes it on in parts. A cancelled token ends it within a step; then it throws the code 'cancelled'. */
export async function generate(
  { daemon }: Pick<App, 'daemon'>,
  params: Params,
  listener: Listener,
  token: vscode.CancellationToken,
): Promise<Answer> {
  const ending = new AbortController();
  const listening = token.onCancellationRequested(() => ending.abort());
  if (token.isCancellationRequested) ending.abort();
  try {
    return await daemon.call((protocol) => protocol.generation.generate, params, {
      signal: ending.signal,
      onProgress: (value) => {
        if (token.isCancellationRequested) return;
        if ('model' in value) listener.model?.(value.model);
        else listener.text(value.text);
      },
    });
  } finally {
    listening.dispose();
  }
}

/** What went wrong, for people: a whole sentence. */
export function sentenceOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const first = text.slice(0, 1).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(first) ? first : `${first}.`;
}
