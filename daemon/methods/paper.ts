/**
 * Table 1 of the VeRA paper (arXiv 2310.11454), computed from the counts that every plan uses, with the paper's rounding.
 * In six cells, the paper prints the count of another rank than that of the row. This file says which ranks those are.
 */
import type { LinearSite } from '../models/adaptation.ts';
import { layoutOf } from '../layout.ts';
import { lora } from './lora.ts';
import type { LinearMethod } from './method.ts';
import { FIRST_OPTIONS, type FirstOptions } from './options.ts';
import { vera } from './vera.ts';

/** A cell of the table: the printed text, the rank whose count it is, and the count at the rank of the row. */
export interface PaperCell {
  readonly text: string;
  /** The rank that gives the printed digits. */
  readonly printedRank: number;
  readonly parameters: number;
  readonly bytes: number;
}

export interface PaperRow {
  readonly model: string;
  readonly rank: number;
  readonly loraParameters: PaperCell;
  readonly loraBytes: PaperCell;
  readonly veraParameters: PaperCell;
  readonly veraBytes: PaperCell;
}

interface PaperModel {
  readonly name: string;
  /** Width of the query and value projections. */
  readonly width: number;
  /** Number of query and value projections together. */
  readonly layers: number;
  readonly unit: 'K' | 'M';
  /** Digits after the point in its sizes. */
  readonly sizeDigits: number;
  /** The ranks whose counts the paper prints for VeRA, if they are not the rank of the row. */
  readonly printedRank?: (rank: number) => { parameters?: number; bytes?: number };
}

const PAPER_RANKS: readonly number[] = [1, 16, 256];

/** The width of GPT-3's heads. The paper's VeRA cells of GPT-3 are the counts of the rank times this number. */
const GPT3_FACTOR = 128;

const MODELS: readonly PaperModel[] = [
  { name: 'RoBERTa-base', width: 768, layers: 24, unit: 'K', sizeDigits: 0 },
  {
    ...{ name: 'RoBERTa-large', width: 1024, layers: 48, unit: 'K', sizeDigits: 0 },
    printedRank: (rank) => (rank === 16 ? { parameters: 8 } : {}),
  },
  {
    ...{ name: 'GPT-3', width: 12288, layers: 192, unit: 'M', sizeDigits: 1 },
    printedRank: (rank) => ({ parameters: GPT3_FACTOR * rank, bytes: GPT3_FACTOR * rank }),
  },
];

type Trained = Pick<LinearMethod<FirstOptions>, 'tensors'>;
const FLOAT32 = 4;
const ADAPTERS = 1e6;

export function paperTable(): PaperRow[] {
  return MODELS.flatMap((model) => PAPER_RANKS.map((rank) => row(model, rank)));
}

function row(model: PaperModel, rank: number): PaperRow {
  const site: LinearSite = { path: model.name, dIn: model.width, dOut: model.width, bias: false };
  const cell = (method: Trained, printed: number, text: (parameters: number) => string): PaperCell => {
    const countAt = (rank: number): number =>
      model.layers * layoutOf(method.tensors([site], { ...FIRST_OPTIONS, rank })).size;
    const parameters = countAt(rank);
    const candidate = text(countAt(printed));
    // Name another rank only if the rank of the row gives other digits.
    const printedRank = candidate === text(parameters) ? rank : printed;
    return { text: candidate, printedRank, parameters, bytes: FLOAT32 * parameters };
  };
  const count = (parameters: number): string => paperCount(parameters, model.unit);
  const size = (parameters: number): string => paperSize(FLOAT32 * parameters, model.sizeDigits);
  const printed = model.printedRank?.(rank) ?? {};
  return {
    ...{ model: model.name, rank },
    loraParameters: cell(lora, rank, count),
    loraBytes: cell(lora, rank, size),
    veraParameters: cell(vera, printed.parameters ?? rank, count),
    veraBytes: cell(vera, printed.bytes ?? rank, size),
  };
}

/** Bytes of one million LoRA adapters of rank 16 for GPT-3, and the text that the paper prints, in units of 2^40 bytes. */
export function millionAdapters(): { bytes: number; text: string } {
  const { loraBytes } = paperTable().find(({ model, rank }) => model === 'GPT-3' && rank === 16)!;
  const bytes = ADAPTERS * loraBytes.bytes;
  return { bytes, text: `${Math.round(bytes / 2 ** 40)} TB` };
}

/** As the paper writes counts: thousands are cut after one digit; millions are rounded to one digit, but cut from 1000 M on. */
function paperCount(parameters: number, unit: 'K' | 'M'): string {
  const value = parameters / (unit === 'K' ? 1e3 : 1e6);
  const tenths = unit === 'K' || value >= 1000 ? Math.floor(10 * value) : Math.round(10 * value);
  return (tenths / 10).toFixed(1) + unit;
}

/** As the paper writes sizes: a KB is 2^10 bytes, an MB 2^20 bytes, but a GB is 1000 MB. A zero after the point is left out. */
function paperSize(bytes: number, digits: number): string {
  const mega = bytes / 2 ** 20;
  const [value, unit] = mega < 1 ? [bytes / 2 ** 10, 'KB'] : mega < 1000 ? [mega, 'MB'] : [mega / 1000, 'GB'];
  return String(Number(value.toFixed(digits))) + unit;
}
