import type { Source } from './related.ts';

/** A document that an editor has open. */
export interface OpenDocument {
  readonly uri: string;
  readonly languageId: string;
  text(): string;
}

const [MOST, LARGEST] = [12, 200_000]; // documents that are looked at, and characters of each
/** The same language says more. */
const [SAME_LANGUAGE, OTHER_LANGUAGE] = [1.2, 0.6];

/** Open documents that may help where a document of this language is completed, the likeliest first. */
export function openSources(documents: readonly OpenDocument[], languageId: string): Source[] {
  return documents
    .map((document) => ({
      document,
      weight: document.languageId === languageId ? SAME_LANGUAGE : OTHER_LANGUAGE,
    }))
    .sort((a, b) => b.weight - a.weight)
    .slice(0, MOST)
    .map(({ document, weight }) => ({ uri: document.uri, text: document.text().slice(0, LARGEST), weight }));
}
