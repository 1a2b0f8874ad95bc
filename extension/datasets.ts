import type { ExtensionContext } from 'vscode';

/**
 * Dataset files, as package.json describes them. `npm run manifest` writes that from the daemon's readers, which are too large
 * to load into the window.
 */
export interface Datasets {
  /** Endings by which a file is surely a dataset. */
  readonly endings: readonly string[];
  /** A pattern of the names of all files that menus offer, and how they end. */
  readonly offered: { readonly pattern: string; readonly endings: readonly string[] };
  /** Languages whose files the language server checks. */
  readonly languages: readonly string[];
}

export const datasetsOf = ({ extension }: ExtensionContext): Datasets =>
  (extension.packageJSON as { readonly datasets: Datasets }).datasets;
