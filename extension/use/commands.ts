import * as vscode from 'vscode';
import { type App, chosen, type Handlers } from '../app.ts';
import { TEXTS_SCHEME } from '../contributions.ts';
import { plural } from '../text.ts';
import { storedTexts } from './describe.ts';
import type { UseRecorder } from './recorder.ts';

const SHOWN = 500; // texts of one page of the protocol: more are not read

/** Commands for what was counted and stored about inline completions. */
export function useCommands(
  app: App,
  recorder: UseRecorder,
): Handlers<'showCompletionTexts' | 'forgetCompletions' | 'pauseCompletionCounts'> {
  registerTexts(app);
  return {
    showCompletionTexts: () => showTexts(),
    forgetCompletions: () => forgetAll(app, recorder),
    pauseCompletionCounts: async () => {
      const { counting } = await app.daemon.call(({ completions }) => completions.summary, {});
      await count(app, !counting);
      vscode.window.setStatusBarMessage(
        counting ? 'Counting of completions is paused.' : 'Completions are counted again.',
        4000,
      );
    },
  };
}

export const count = ({ daemon }: App, counting: boolean): Promise<unknown> =>
  daemon.call(({ completions }) => completions.counting, { counting });

/** A read-only document with the stored texts, as they are when it is opened. */
function registerTexts({ context, daemon }: App): void {
  context.subscriptions.push(
    vscode.workspace.registerTextDocumentContentProvider(TEXTS_SCHEME, {
      provideTextDocumentContent: async () => {
        const { items, next } = await daemon.call(({ completions }) => completions.texts, { limit: SHOWN });
        return storedTexts(items, next !== undefined);
      },
    }),
  );
}

export async function showTexts(): Promise<void> {
  // Each opening reads them again: the address differs.
  const uri = vscode.Uri.from({ scheme: TEXTS_SCHEME, path: '/Stored completions.md', query: String(Date.now()) });
  await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(uri), { preview: true });
}

/** Asks what to delete, and deletes it. Throws Quiet if nothing was chosen. */
export async function forgetAll({ daemon }: App, recorder: UseRecorder): Promise<void> {
  const [both, texts] = ['Delete Counts and Texts', 'Delete Only Texts'];
  const detail = 'They are deleted for all adapters and cannot be restored.';
  const answer = chosen(
    await vscode.window.showWarningMessage(
      'Delete what was counted and stored about completions?',
      { modal: true, detail },
      both,
      texts,
    ),
  );
  recorder.forget();
  const only = answer === texts ? { only: 'texts' as const } : {};
  const gone = await daemon.call(({ completions }) => completions.forget, only);
  const counts = answer === texts ? '' : `the counts of ${plural(gone.completions, 'completion')} and `;
  vscode.window.setStatusBarMessage(`Deleted ${counts}${plural(gone.texts, 'text')}.`, 6000);
}
