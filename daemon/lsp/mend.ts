import { formatOf, readSample } from '../data/detect.ts';
import type { Format, Sample } from '../data/formats/format.ts';
import { formats } from '../data/formats/registry.ts';
import { BadRow, type Row } from '../data/row.ts';
import { convertRow } from './convert.ts';

/** What other tools call the fields that a format needs. */
const ALIASES: Readonly<Record<string, readonly string[]>> = {
  messages: ['message', 'conversation', 'conversations', 'chat', 'dialog', 'dialogue', 'turns'],
  conversations: ['conversation', 'messages', 'chat', 'dialog', 'dialogue', 'turns'],
  prompt: ['question', 'query', 'input', 'instruction', 'user', 'request', 'q'],
  completion: ['answer', 'response', 'output', 'assistant', 'reply', 'chosen', 'a'],
  instruction: ['task', 'prompt', 'question', 'query'],
  output: ['response', 'answer', 'completion', 'result'],
  text: ['body', 'document', 'content', 'sentence'],
  content: ['code', 'source', 'value', 'text', 'body', 'message'],
  role: ['from', 'speaker', 'author', 'sender'],
  from: ['role', 'speaker', 'author', 'sender'],
  value: ['content', 'text', 'body', 'message'],
};

/** Fields that a row of each format must have. */
const NEEDED: Readonly<Record<string, readonly string[]>> = {
  chat: ['messages'],
  sharegpt: ['conversations'],
  pair: ['prompt', 'completion'],
  instruction: ['instruction', 'output'],
  text: ['text'],
  code: ['content'],
};

/** What other tools call the roles. */
const ROLES: Readonly<Record<string, string>> = {
  human: 'user',
  person: 'user',
  customer: 'user',
  prompter: 'user',
  question: 'user',
  bot: 'assistant',
  ai: 'assistant',
  gpt: 'assistant',
  chatgpt: 'assistant',
  model: 'assistant',
  chatbot: 'assistant',
  agent: 'assistant',
  answer: 'assistant',
  instructions: 'system',
  context: 'system',
};

/** A row that training takes, and how it came about. */
export interface Mended {
  row: Row;
  title: string;
}

/** The role that is meant by a name, or undefined. */
export function roleMeant(name: string): string | undefined {
  const plain = name.trim().toLowerCase();
  return ['user', 'assistant', 'system', 'tool'].includes(plain) ? plain : ROLES[plain];
}

/** The row as training would take it in a file of this format: fields and roles renamed, converted, values made text. */
export function mendRow(row: Row, format: Format | undefined): Mended | undefined {
  const targets = format ? [format] : formats;
  for (const target of targets) {
    const steps: string[] = [];
    let mended = formatOf(row) === undefined || formatOf(row) === target ? renameAll(row, target, steps) : row;
    if (!target.matches(mended)) {
      const sample = sampleOf(mended);
      const converted = sample && convertRow(mended, sample, target.id);
      if (!converted) continue;
      mended = converted;
      steps.push(`convert to ${target.name}`);
    }
    mended = textAll(mended, target, steps);
    if (steps.length > 0 && isAccepted(mended, target)) {
      const title = [...new Set(steps)].join(', ');
      return { row: mended, title: title[0]!.toUpperCase() + title.slice(1) };
    }
  }
  return undefined;
}

export function isAccepted(row: Row, format: Format): boolean {
  try {
    readSample(format, row);
    return true;
  } catch (error) {
    if (error instanceof BadRow) return false;
    throw error;
  }
}

function sampleOf(row: Row): Sample | undefined {
  try {
    return formatOf(row)?.read(row);
  } catch (error) {
    if (error instanceof BadRow) return undefined;
    throw error;
  }
}

function renameAll(row: Row, format: Format, steps: string[]): Row {
  const renamed = renameFields(row, NEEDED[format.id] ?? [], steps);
  const [column, names] =
    format.id === 'sharegpt' ? ['conversations', ['from', 'value']] : ['messages', ['role', 'content']];
  if ((format.id !== 'chat' && format.id !== 'sharegpt') || !Array.isArray(renamed[column])) return renamed;
  const list = (renamed[column] as unknown[]).map((entry) => {
    if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) return entry;
    const message = renameFields(entry as Row, names, steps);
    return renameRole(message, names[0]!, format, steps);
  });
  return { ...renamed, [column]: list };
}

/** New names for the fields that are missing, where one stands there under another name; the order stays. */
export function renameFields(row: Row, needed: readonly string[], steps: string[]): Row {
  const names = new Map<string, string>();
  for (const name of needed) {
    if (name in row) continue;
    const taken = (other: string): boolean => names.has(other) || needed.includes(other);
    const other =
      Object.keys(row).find((key) => key.toLowerCase() === name && !taken(key)) ??
      ALIASES[name]?.flatMap((alias) =>
        Object.keys(row).filter((key) => key.toLowerCase() === alias && !taken(key)),
      )[0];
    if (other === undefined) continue;
    names.set(other, name);
    steps.push(`rename ${JSON.stringify(other)} to ${JSON.stringify(name)}`);
  }
  if (names.size === 0) return row;
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [names.get(name) ?? name, value]));
}

function renameRole(message: Row, field: string, format: Format, steps: string[]): Row {
  const role = message[field];
  if (typeof role !== 'string' || isAccepted(probe(format, role), format)) return message;
  const meant = roleMeant(role);
  if (meant === undefined) return message;
  steps.push(`rename the role ${JSON.stringify(role.slice(0, 40))} to ${JSON.stringify(meant)}`);
  return { ...message, [field]: meant };
}

/** A row with this role and nothing else that could be wrong. */
const probe = (format: Format, role: string): Row =>
  format.id === 'sharegpt' ? { conversations: [{ from: role, value: '' }] } : { messages: [{ role, content: '' }] };

/** Numbers and booleans where text should stand become text. */
function textAll(row: Row, format: Format, steps: string[]): Row {
  let mended = row;
  for (let tries = 0; tries < 1000; tries++) {
    let path: readonly (string | number)[];
    try {
      readSample(format, mended);
      return mended;
    } catch (error) {
      if (!(error instanceof BadRow) || error.fault !== 'type' || error.path.length === 0) return mended;
      path = error.path;
    }
    const value = path.reduce<unknown>(
      (at, step) => (at as Record<string | number, unknown> | undefined)?.[step],
      mended,
    );
    if (typeof value !== 'number' && typeof value !== 'boolean') return mended;
    mended = replaceAt(mended, path, String(value)) as Row;
    steps.push('write numbers as text');
  }
  return mended;
}

function replaceAt(at: unknown, [step, ...rest]: readonly (string | number)[], value: unknown): unknown {
  if (step === undefined) return value;
  if (Array.isArray(at)) return at.map((item: unknown, i) => (i === step ? replaceAt(item, rest, value) : item));
  return { ...(at as Row), [step]: replaceAt((at as Row)[step as string], rest, value) };
}
