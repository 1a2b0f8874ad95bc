/**
 * Table 1 of the VeRA paper (arXiv 2310.11454), from the same counts that every plan uses, with the paper's own rounding.
 * In six of its cells the paper prints the count of another rank than its row's; those ranks are stated here.
 */
import type { LinearSite } from '../models/adaptation.ts';
import { layoutOf } from '../layout.ts';
import { lora } from './lora.ts';
import type { LinearMethod } from './method.ts';
import { FIRST_OPTIONS, type FirstOptions } from './options.ts';
import { vera } from './vera.ts';

/** A cell of the table: what the paper prints, what it is the count of, and what the row's own rank gives. */
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
  /** Query and value projections together. */
  readonly layers: number;
  readonly unit: 'K' | 'M';
  /** Digits after the point in its sizes. */
  readonly sizeDigits: number;
  /** The ranks whose counts the paper prints for VeRA, where not the row's. */
  readonly printedRank?: (rank: number) => { parameters?: number; bytes?: number };
}

export const PAPER_RANKS: readonly number[] = [1, 16, 256];

/** GPT-3's head has this width; its VeRA cells are those of so many times the rank. */
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
    // A rank is only named where the row's own gives other digits.
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

/** Bytes of a million adapters of GPT-3 at LoRA rank 16, and as the paper prints them: in 2^40 bytes. */
export function millionAdapters(): { bytes: number; text: string } {
  const { loraBytes } = paperTable().find(({ model, rank }) => model === 'GPT-3' && rank === 16)!;
  const bytes = ADAPTERS * loraBytes.bytes;
  return { bytes, text: `${Math.round(bytes / 2 ** 40)} TB` };
}

/** Thousands are cut after one digit; millions are rounded to one, but cut from a thousand millions on. */
export function paperCount(parameters: number, unit: 'K' | 'M'): string {
  const value = parameters / (unit === 'K' ? 1e3 : 1e6);
  const tenths = unit === 'K' || value >= 1000 ? Math.floor(10 * value) : Math.round(10 * value);
  return (tenths / 10).toFixed(1) + unit;
}

/** KB are 2^10 and MB 2^20 bytes, but GB are a thousand MB; a zero after the point is left out. */
export function paperSize(bytes: number, digits: number): string {
  const mega = bytes / 2 ** 20;
  const [value, unit] = mega < 1 ? [bytes / 2 ** 10, 'KB'] : mega < 1000 ? [mega, 'MB'] : [mega / 1000, 'GB'];
  return String(Number(value.toFixed(digits))) + unit;
}
