import { csv, tsv } from './csv.ts';
import { jsonl } from './jsonl.ts';
import { NO_DATASET } from './names.ts';
import { parquet } from './parquet.ts';
import { PACKED_ENDINGS } from './source.ts';
import { txt } from './txt.ts';
import type { ReaderKind } from './reader.ts';

/** Every kind of dataset file. A folder of code is read by code.ts, a folder of dataset files by folder.ts. */
export const readers: readonly ReaderKind[] = [jsonl, csv, tsv, parquet, txt];

/** Every file name ending that can be read. */
export const readableEndings: readonly string[] = readers.flatMap(({ extensions }) => extensions);

/** Endings by which a file is surely a dataset. */
export const datasetEndings: readonly string[] = readers.flatMap(({ extensions, ambiguous = [] }) =>
  extensions.filter((ending) => !ambiguous.includes(ending)),
);

const anyOf = (endings: readonly string[]): string => endings.map((ending) => ending.slice(1)).join('|');

/** Endings of the files that menus offer, also compressed. */
export const offeredEndings: readonly string[] = [...readableEndings, ...PACKED_ENDINGS];

/** A pattern of the names of these files, without the files of tools that end in the same way. */
export const offeredNames = `^(?!${NO_DATASET}).*\\.(${anyOf(readableEndings)})(\\.(${anyOf(PACKED_ENDINGS)}))?$`;
