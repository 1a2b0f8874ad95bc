import { csv, tsv } from './csv.ts';
import { jsonl } from './jsonl.ts';
import { parquet } from './parquet.ts';
import { txt } from './txt.ts';
import type { ReaderKind } from './reader.ts';

/** Every kind of dataset file; a folder is read by code.ts. */
export const readers: readonly ReaderKind[] = [jsonl, csv, tsv, parquet, txt];
