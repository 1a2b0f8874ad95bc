import { readSample } from '../data/detect.ts';
import type { Field, MessageList, RowFormat, Sample } from '../data/formats/format.ts';
import { formatOf, rowFormats } from '../data/formats/registry.ts';
import { isObject } from '../formats/json.ts';
import { BadRow, type Row } from '../data/row.ts';
import { convertRow } from './convert.ts';

/** Names of roles that training does not read, but that show which role is meant. */
const ROLES: Readonly<Record<string, string>> = {
  person: 'user',
  customer: 'user',
  client: 'user',
  agent: 'assistant',
  instructions: 'system',
  context: 'system',
};

/** A row that training accepts, and the title of the fix that made it. */
export interface Mended {
  row: Row;
  title: string;
}

/** The role that a name means, or undefined. */
export const roleMeant = (name: string): string | undefined => ROLES[name.trim().toLowerCase()];

/** The row as training accepts it in a file of this format: fields and roles are renamed, the row is converted, values become text. */
export function mendRow(row: Row, format: RowFormat | undefined): Mended | undefined {
  const targets = format ? [format] : rowFormats;
  for (const target of targets) {
    const steps: string[] = [];
    let mended = formatOf(row) === undefined || formatOf(row) === target ? renameAll(row, target, steps) : row;
    if (!target.matches(mended)) {
      const sample = sampleOf(mended);
      const converted = sample && convertRow(mended, sample, target);
      if (!converted) continue;
      mended = converted;
      steps.push(`convert to ${target.label}`);
    }
    mended = textAll(mended, target, steps);
    if (steps.length > 0 && isAccepted(mended, target)) {
      const title = [...new Set(steps)].join(', ');
      return { row: mended, title: title[0]!.toUpperCase() + title.slice(1) };
    }
  }
  return undefined;
}

export function isAccepted(row: Row, format: RowFormat): boolean {
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

function renameAll(row: Row, { fields, messages }: RowFormat, steps: string[]): Row {
  const needed = fields.filter((field) => field.needed);
  const renamed = renameFields(row, needed, steps);
  const list = messages && renamed[messages.column];
  if (!messages || !Array.isArray(list)) return renamed;
  const mended = list.map((entry: unknown) => {
    if (!isObject(entry)) return entry;
    return renameRole(renameFields(entry, [messages.role, messages.content], steps), messages, steps);
  });
  return { ...renamed, [messages.column]: mended };
}

/** Gives missing fields their name, where the row has them under another name. The order of the fields stays. */
function renameFields(row: Row, needed: readonly Field[], steps: string[]): Row {
  const names = new Map<string, string>();
  for (const { name, aliases = [] } of needed) {
    if (name in row) continue;
    const taken = (other: string): boolean => names.has(other) || needed.some((field) => field.name === other);
    const found = (alias: string): string | undefined =>
      Object.keys(row).find((key) => key.toLowerCase() === alias && !taken(key));
    const other = [name, ...aliases].map(found).find((key) => key !== undefined);
    if (other === undefined) continue;
    names.set(other, name);
    steps.push(`rename ${JSON.stringify(other)} to ${JSON.stringify(name)}`);
  }
  if (names.size === 0) return row;
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [names.get(name) ?? name, value]));
}

function renameRole(message: Row, { role: field, roles }: MessageList, steps: string[]): Row {
  const role = message[field.name];
  if (typeof role !== 'string' || roles.includes(role)) return message;
  const meant = roleMeant(role);
  if (meant === undefined) return message;
  steps.push(`rename the role ${JSON.stringify(role.slice(0, 40))} to ${JSON.stringify(meant)}`);
  return { ...message, [field.name]: meant };
}

/** Turns numbers and booleans into text wherever the format expects text. */
function textAll(row: Row, format: RowFormat, steps: string[]): Row {
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
