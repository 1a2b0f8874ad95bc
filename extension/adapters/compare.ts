import * as vscode from 'vscode';
import type { App } from '../app.ts';
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

export async function showComparison(one: ShownAdapter, other: ShownAdapter): Promise<void> {
  const path = `/${one.name} and ${other.name}.md`;
  const uri = vscode.Uri.from({ scheme: SCHEME, path, query: comparison(one, other) });
  await vscode.commands.executeCommand('markdown.showPreview', uri);
}
