import type { Tokenizer } from '../../../daemon/data/tokenizer.ts';
import type { BaseModel } from '../../../daemon/models/base.ts';

export interface LateSetting {
  readonly base: BaseModel;
  readonly tokenizer: Tokenizer;
  readonly cache: string;
  readonly threads: number;
  readonly methods: readonly (typeof METHODS)[number][];
}

/** The adapters that are compared: both methods at a rate that suits them, on all linear layers. */
export const METHODS = [
  { method: 'vera', rank: 256, lr: 2e-2 },
  { method: 'lora', rank: 16, lr: 1e-3 },
] as const;

export const STARTS = { full: {}, late: { activateAfter: 'answer' } } as const;
