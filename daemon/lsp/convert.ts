import type { RowFormat, Sample } from '../data/formats/format.ts';
import { readColumns } from '../data/formats/registry.ts';
import type { Row } from '../data/row.ts';

/** A row of the format `target` that says the same, or undefined where that format cannot say it. Columns that no format reads stay. */
export function convertRow(row: Row, sample: Sample, target: RowFormat): Row | undefined {
  const columns = target.write(sample);
  if (!columns) return undefined;
  const others = Object.entries(row).filter(([name]) => !readColumns.has(name));
  return { ...columns, ...Object.fromEntries(others) };
}

/** JSON on one line, with a space after colons and commas if `like` has them. */
export function rowText(row: Row, like: string): string {
  return /^\s*\{\s*"(?:[^"\\]|\\.)*"\s*:\s/.test(like.slice(0, 1000)) ? spaced(row) : JSON.stringify(row);
}

function spaced(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(spaced).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}: ${spaced(member)}`).join(', ')}}`;
}
