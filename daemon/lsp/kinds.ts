import type { Shape } from './parse.ts';

/** Kinds of documents by the ending of their name, then by an editor's language. Parquet is no text. */
const KINDS: Readonly<Record<string, Pick<Shape, 'layout' | 'json' | 'delimiter'>>> = {
  jsonl: { layout: 'lines', json: true, delimiter: '' },
  csv: { layout: 'comma', json: false, delimiter: ',' },
  tsv: { layout: 'tab', json: false, delimiter: '\t' },
  txt: { layout: 'lines', json: false, delimiter: '' },
};
const ENDINGS: Readonly<Record<string, string>> = {
  jsonl: 'jsonl',
  ndjson: 'jsonl',
  json: 'jsonl',
  csv: 'csv',
  tsv: 'tsv',
  txt: 'txt',
  text: 'txt',
};
const LANGUAGES: Readonly<Record<string, string>> = {
  jsonl: 'jsonl',
  jsonlines: 'jsonl',
  ndjson: 'jsonl',
  csv: 'csv',
  tsv: 'tsv',
  plaintext: 'txt',
};

/** How the rows of a document are read, or undefined where it is no dataset. */
export function kindOf(uri: string, languageId: string): Shape | undefined {
  const ending = /\.(\w+)$/.exec(uri.replace(/[?#].*$/, ''))?.[1]?.toLowerCase();
  const kind = KINDS[ENDINGS[ending ?? ''] ?? LANGUAGES[languageId.toLowerCase()] ?? ''];
  return kind && { ...kind, columns: [] };
}
