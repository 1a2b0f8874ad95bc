import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { parse } from 'csv-parse/sync';

/** The rows of a JSON array or of E2E's CSV (mr, ref) as a JSONL file; other datasets are returned as they are. */
export function asDataset(path: string, copy: string): string {
  const rows = path.endsWith('.json')
    ? (JSON.parse(readFileSync(path, 'utf8')) as unknown[])
    : path.endsWith('.csv')
      ? parse<{ mr: string; ref: string }>(readFileSync(path), { columns: true, bom: true }).map(({ mr, ref }) => ({
          prompt: mr,
          completion: ref,
        }))
      : undefined;
  if (!rows) return path;
  const text = rows.map((row) => JSON.stringify(row) + '\n').join('');
  if (!existsSync(copy) || readFileSync(copy, 'utf8') !== text) writeFileSync(copy, text);
  return copy;
}
