import type { DataColumn } from '../protocol/errors.ts';
import { settingError } from '../settings/setting.ts';
import { rowFormats } from './formats/registry.ts';
import type { RowReader } from './readers/reader.ts';
import { BadRow, type Row } from './row.ts';

/** Which column of the data (the value) is read as which column of a row format (the key): prompt -> frage. */
export type ColumnMap = ReadonlyMap<string, string>;

/** `prompt=frage`. A name with a comma or an equals sign stands in double quotes. */
const PAIR = /\s*("(?:[^"]|"")*"\s*|[^=,"]*)=\s*("(?:[^"]|"")*"\s*|[^,"]*)(?:,|$)/y;
/** Rows that are looked at for a column that is chosen. */
const LOOKED_AT = 100;
/** Characters of an example. */
const EXAMPLE = 80;

/** Reads `prompt=frage,completion=antwort`. Throws VeraError 'usage' for text that is not of this form, or a column that no format has. */
export function columnMapOf(text: string | undefined): ColumnMap | undefined {
  if (text === undefined || text.trim() === '') return undefined;
  const map = new Map<string, string>();
  const known = new Set(rowFormats.flatMap(({ fields }) => fields.map(({ name }) => name)));
  PAIR.lastIndex = 0;
  while (PAIR.lastIndex < text.length) {
    const found = PAIR.exec(text);
    const [target, source] = [unquoted(found?.[1] ?? ''), unquoted(found?.[2] ?? '')];
    if (!found || target === '' || source === '')
      throw settingError(
        `Columns is written like prompt=question,completion=answer, not ${JSON.stringify(text)}`,
        'columns',
      );
    if (!known.has(target)) {
      const turned = known.has(source) ? `; write ${source}=${target}` : `; choose one of ${[...known].join(', ')}`;
      throw settingError(`Columns: no row format reads a column ${JSON.stringify(target)}${turned}`, 'columns');
    }
    map.set(target, source);
  }
  return map;
}

/** The text of the setting. */
export const columnMapText = (map: Iterable<readonly [target: string, source: string]>): string =>
  [...map].map(([target, source]) => `${target}=${quotedName(source)}`).join(',');

const unquoted = (name: string): string =>
  name.trim().startsWith('"') ? name.trim().slice(1, -1).replaceAll('""', '"') : name.trim();
const quotedName = (name: string): string => (/[,="]|^\s|\s$/.test(name) ? `"${name.replaceAll('"', '""')}"` : name);

/** The row with the names that a format reads. A number becomes text, because formats read text. Other columns stay. */
export function mapRow(row: Row, map: ColumnMap): Row {
  const sources = new Set(map.values());
  const others = Object.entries(row).filter(([name]) => !sources.has(name) && !map.has(name));
  const mapped = [...map].flatMap(([target, source]) => {
    const value = valueAt(row, source);
    return value === undefined ? [] : [[target, typeof value === 'number' ? String(value) : value] as const];
  });
  return Object.fromEntries([...mapped, ...others]);
}

/** The column, or what stands at a path in it: `answers.text.0`. */
function valueAt(row: Row, source: string): unknown {
  if (source in row || !source.includes('.')) return row[source];
  return source
    .split('.')
    .reduce<unknown>((at, step) => (typeof at === 'object' && at !== null ? (at as Row)[step] : undefined), row);
}

/** The same rows with their columns named as the map says. Throws VeraError 'usage' if the data have no such column. */
export function mappedReader(reader: RowReader, map: ColumnMap | undefined): RowReader {
  if (!map) return reader;
  const looked: Row[] = [];
  for (let i = 0; i < Math.min(LOOKED_AT, reader.count); i++) {
    try {
      looked.push(reader.read(i));
    } catch (error) {
      if (!(error instanceof BadRow)) throw error;
    }
  }
  const gone = [...map.values()].find((source) => looked.every((row) => valueAt(row, source) === undefined));
  if (gone !== undefined && looked.length > 0) {
    const names = [...new Set(looked.flatMap((row) => Object.keys(row)))].slice(0, 20).join(', ');
    throw settingError(`Columns: the data have no column ${JSON.stringify(gone)}; they have ${names}`, 'columns');
  }
  const said = [...map].map(([target, source]) => `${source} read as ${target}`).join(', ');
  return {
    ...reader,
    get note() {
      return reader.note === undefined ? said : `${reader.note}; ${said}`;
    },
    read: (i) => mapRow(reader.read(i), map),
  };
}

/** The columns of a row with an example of each. */
export const samplesOf = (row: Row): DataColumn[] =>
  Object.entries(row)
    .slice(0, 50)
    .map(([name, value]) => ({ name: name.slice(0, 200), example: exampleOf(value) }));

function exampleOf(value: unknown): string {
  const text = (typeof value === 'string' ? value : (JSON.stringify(value) ?? '')).replaceAll(/\s+/g, ' ').trim();
  return text.length > EXAMPLE ? `${text.slice(0, EXAMPLE)}...` : text;
}

/**
 * What the setting would be if the names mean what they often mean: a question and an answer under one of their usual names, or two
 * columns of text. Undefined if the columns do not show it.
 */
export function likelyColumns(row: Row): ColumnMap | undefined {
  const names = Object.keys(row);
  for (const { fields } of rowFormats) {
    const needed = fields.filter((field) => field.needed);
    const map = new Map<string, string>();
    for (const { name, aliases = [] } of needed) {
      const taken = [...map.values()];
      const found = [name, ...aliases, ...(WORDS[name] ?? [])].flatMap(
        (word) => names.find((one) => one.toLowerCase().trim() === word && !taken.includes(one)) ?? [],
      )[0];
      if (found !== undefined) map.set(name, found);
    }
    if (needed.length > 0 && map.size === needed.length) return map;
  }
  const texts = names.filter((name) => typeof row[name] === 'string');
  return texts.length === 2 && names.length === 2
    ? new Map([
        ['prompt', texts[0]!],
        ['completion', texts[1]!],
      ])
    : undefined;
}

/** What questions and answers are called in other languages. */
const WORDS: Readonly<Record<string, readonly string[]>> = {
  prompt: ['frage', 'pregunta', 'domanda', 'pergunta', 'vraag', 'pytanie', '问题', '質問', 'вопрос'],
  completion: [
    'antwort',
    'respuesta',
    'réponse',
    'reponse',
    'risposta',
    'resposta',
    'antwoord',
    '答案',
    '回答',
    'ответ',
  ],
};
