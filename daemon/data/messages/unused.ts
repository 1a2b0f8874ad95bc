import { isObject } from '../../formats/json.ts';
import type { RowFormat } from '../formats/format.ts';
import type { Row } from '../row.ts';
import { isKnownMark, markFields } from './marks.ts';
import { messageFields } from './messages.ts';

/** Columns that say nothing about what is learned: names and numbers of rows, where they are from, what they are about, how long they are. */
const HARMLESS: ReadonlySet<string> = new Set([
  ...[
    'id',
    'idx',
    'index',
    'uuid',
    'uid',
    'guid',
    'key',
    'hash',
    'row',
    'number',
    'turn',
    'turns',
    'split',
    'version',
    'dataset',
    'path',
  ],
  ...[
    'source',
    'sources',
    'origin',
    'url',
    'link',
    'file',
    'filename',
    'repo',
    'repo_name',
    'license',
    'author',
    'annotator',
    'worker',
  ],
  ...[
    'lang',
    'language',
    'locale',
    'model',
    'models',
    'model_name',
    'generator',
    'generation_model',
    'teacher',
    'provider',
  ],
  ...[
    'date',
    'created',
    'created_at',
    'updated_at',
    'timestamp',
    'time',
    'category',
    'categories',
    'topic',
    'topics',
    'domain',
    'subject',
  ],
  ...[
    'tag',
    'tags',
    'type',
    'task',
    'task_type',
    'task_name',
    'subset',
    'difficulty',
    'level',
    'metadata',
    'meta',
    'embedding',
    'upvotes',
  ],
  ...[
    'score',
    'rating',
    'quality',
    'quality_score',
    'length',
    'tokens',
    'n_tokens',
    'size',
    'openai_moderation',
    'redacted',
    'toxicity',
  ],
  ...[
    'schemaVersion',
    'parallel_tool_calls',
    'finish_reason',
    'annotations',
    'refusal',
    'stop_reason',
    'usage',
    'title',
  ],
]);
const HARMLESS_NAME =
  /^_|(?:^|_)(?:id|ids|uuid|url|hash|date|time|timestamp|count|length|tokens|source|lang|language|model|idx|index)$|^num_|^n_/;

const isHarmless = (name: string): boolean => HARMLESS.has(name) || HARMLESS_NAME.test(name.toLowerCase());
const isEmpty = (value: unknown): boolean =>
  value === undefined || value === null || value === '' || (Array.isArray(value) && value.length === 0);

/**
 * The fields of a row that have a value, that its format does not read, and that are not known to be harmless: 'label',
 * 'messages[].mood'. A copy of a message that is read, such as a prompt beside the messages, counts as read.
 */
export function unusedFields(format: RowFormat, row: Row): string[] {
  const read = new Set(format.fields.map(({ name }) => name));
  const unused = new Set<string>();
  const texts = format.name === 'text' || format.name === 'code';
  let said: Set<unknown> | undefined;
  for (const [name, value] of Object.entries(row)) {
    if (read.has(name)) {
      if (Array.isArray(value)) for (const field of unusedInMessages(value)) unused.add(`${name}[].${field}`);
      continue;
    }
    if (isEmpty(value) || isHarmless(name) || isKnownMark(name, value, texts)) continue;
    said ??= textsOf(row, read);
    if (!said.has(value)) unused.add(name);
  }
  return [...unused];
}

function unusedInMessages(list: unknown[]): string[] {
  return list.flatMap((entry) => {
    if (!isObject(entry) || !('role' in entry || 'from' in entry)) return [];
    return Object.keys(entry).filter(
      (name) => !messageFields.has(name) && !markFields.has(name) && !isHarmless(name) && !isEmpty(entry[name]),
    );
  });
}

/** The texts of the messages that are read. */
function textsOf(row: Row, read: ReadonlySet<string>): Set<unknown> {
  const lists = [...read].map((name) => row[name]).filter((value) => Array.isArray(value));
  const entries = lists.flat().filter((entry) => isObject(entry));
  return new Set(entries.flatMap((entry) => [entry['content'], entry['value']]));
}

/** 'the fields "label" and "mask" are not used'; undefined if there are none. */
export function unusedText(fields: readonly string[]): string | undefined {
  const shown = fields.slice(0, 8).map((name) => JSON.stringify(name.slice(0, 60)));
  const more = fields.length - shown.length;
  const names = more > 0 ? [...shown, `${more} more`] : shown;
  const last = names.pop();
  if (last === undefined) return undefined;
  if (names.length === 0) return `the field ${last} is not used`;
  return `the fields ${names.join(', ')} and ${last} are not used`;
}
