import type { Row } from '../row.ts';
import { chat } from './chat.ts';
import { code } from './code.ts';
import type { RowFormat } from './format.ts';
import { instruction } from './instruction.ts';
import { pair } from './pair.ts';
import { preference } from './preference.ts';
import { sharegpt } from './sharegpt.ts';
import { text } from './text.ts';

/** Every row format, the most specific first. The first one that matches a row's columns reads it. */
export const rowFormats: readonly RowFormat[] = [preference, chat, sharegpt, pair, instruction, text, code];

/** The format that `--format` names, or undefined. */
export const rowFormatNamed = (name: string | undefined): RowFormat | undefined =>
  rowFormats.find((format) => format.name === name);

/** The format whose columns a row has. */
export const formatOf = (row: Row): RowFormat | undefined => rowFormats.find((format) => format.matches(row));

/** Every column that some format reads. */
export const readColumns: ReadonlySet<string> = new Set(
  rowFormats.flatMap(({ fields }) => fields.map(({ name }) => name)),
);
