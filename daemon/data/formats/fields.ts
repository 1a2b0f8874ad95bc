import { parseJson } from '../json.ts';
import { BadRow, type Row } from '../row.ts';

/** The string in column `name`. Throws BadRow if it is missing or has another type. */
export function stringField(row: Row, name: string): string {
  const value = row[name];
  if (typeof value === 'string') return value;
  throw new BadRow(`"${name}" must be a string, found ${describe(value)}`, faultOf(value), [name]);
}

/** The string in column `name`, or '' if it is missing or null. */
export function optionalString(row: Row, name: string): string {
  return row[name] === undefined || row[name] === null ? '' : stringField(row, name);
}

/** The list in column `name`. CSV has no lists, so the JSON text of a list is accepted too. */
export function listField(row: Row, name: string): unknown[] {
  let value = row[name];
  if (typeof value === 'string' && value.trimStart().startsWith('[')) {
    try {
      value = parseJson(value);
    } catch {
      throw new BadRow(`"${name}" has a list that is not valid JSON`, 'type', [name]);
    }
  }
  if (!Array.isArray(value)) {
    throw new BadRow(`"${name}" must be a list, found ${describe(value)}`, faultOf(value), [name]);
  }
  return value;
}

/** True for a list, or the JSON text of one. */
export function isListLike(value: unknown): boolean {
  return Array.isArray(value) || (typeof value === 'string' && value.trimStart().startsWith('['));
}

/** The fault of a field that has this value instead of one of the right type. */
export const faultOf = (value: unknown): 'missing' | 'type' => (value === undefined ? 'missing' : 'type');

/** The kind of a value in words, for error messages. */
export function describe(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
