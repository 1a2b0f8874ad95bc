import { millionAdapters, paperTable } from '../methods/paper.ts';
import type { PaperCell, PaperRow } from '../methods/paper.ts';
import { table } from './table.ts';

const COLUMNS = ['loraParameters', 'loraBytes', 'veraParameters', 'veraBytes'] as const;
const HEAD = ['model', 'rank', 'LoRA #', 'LoRA bytes', 'VeRA #', 'VeRA bytes'];

/** Table 1 of the VeRA paper for a person and for a program, with what its six odd cells are the counts of. */
export function paperLines(): { json: Record<string, unknown>; lines: string[] } {
  const rows = paperTable();
  const million = millionAdapters();
  const noted = rows.filter((row) => odd(row).length > 0);
  const lines = [
    'Table 1 of arXiv 2310.11454: trainable parameters and required bytes (float32), query and value layers adapted',
    '',
    table([
      HEAD,
      ...rows.map((row) => [row.model, String(row.rank), ...COLUMNS.map((column) => cellText(row, column))]),
    ]),
    '',
    `One million adapters of GPT-3 at LoRA rank 16: ${million.text}`,
    '',
    '* The digits are those of the paper; they are the count of another rank than the row has:',
    ...noted.map(
      (row) =>
        `  ${row.model}, rank ${row.rank}: ${odd(row)
          .map((cell) => note(row, cell))
          .join(', ')}`,
    ),
  ];
  return { json: { paper: rows.map(jsonRow), millionAdapters: million }, lines };
}

const odd = (row: PaperRow): (typeof COLUMNS)[number][] =>
  COLUMNS.filter((column) => row[column].printedRank !== row.rank);

const cellText = (row: PaperRow, column: (typeof COLUMNS)[number]): string =>
  row[column].text + (row[column].printedRank === row.rank ? ' ' : '*');

function note(row: PaperRow, column: (typeof COLUMNS)[number]): string {
  const { text, printedRank, parameters, bytes }: PaperCell = row[column];
  const own = column.endsWith('Bytes') ? `${bytes.toLocaleString('en-US')} bytes` : parameters.toLocaleString('en-US');
  return `${text} is that of rank ${printedRank} (rank ${row.rank} has ${own})`;
}

const jsonRow = (row: PaperRow): Record<string, unknown> => ({
  model: row.model,
  rank: row.rank,
  lora: { parameters: row.loraParameters.parameters, bytes: row.loraBytes.bytes },
  vera: { parameters: row.veraParameters.parameters, bytes: row.veraBytes.bytes },
  printed: Object.fromEntries(COLUMNS.map((column) => [column, row[column].text])),
});
