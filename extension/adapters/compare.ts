import * as vscode from 'vscode';
import type { App, Panel } from '../app.ts';
import { comparison, type ShownAdapter } from './describe.ts';

const SCHEME = 'vera-comparison';

/**
 * Comparisons are read-only documents. Their address contains the text, so that they still work after the window is
 * reloaded.
 */
export function registerComparisons({ context }: App): void {
  context.subscriptions.push(
    vscode.workspace.registerTextDocumentContentProvider(SCHEME, { provideTextDocumentContent: ({ query }) => query }),
  );
}

export async function showComparison(
  { log }: App,
  panel: Panel,
  one: ShownAdapter,
  other: ShownAdapter,
): Promise<void> {
  const path = `/${one.name} and ${other.name}.md`;
  const uri = vscode.Uri.from({ scheme: SCHEME, path, query: comparison(one, other) });
  await vscode.commands.executeCommand('markdown.showPreview', uri);
  offerAnswers(panel, one, other).catch((error: unknown) => log.error(String(error)));
}

/** The table has figures only. What they are worth shows in answers to one prompt. */
async function offerAnswers(panel: Panel, one: ShownAdapter, other: ShownAdapter): Promise<void> {
  const sides = 'Try Both Side by Side';
  const text = `Let ${one.name} and ${other.name} answer the same prompt.`;
  if (one.base.fingerprint !== other.base.fingerprint) return;
  if ((await vscode.window.showInformationMessage(text, sides)) === sides) await panel.tryIt(one.id, other.id);
}
