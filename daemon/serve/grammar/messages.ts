import type { JsonAnswer } from '../engine/request.ts';
import type { Vocabulary } from './vocabulary.ts';

/** What the thread of a grammar is started with. */
export interface GrammarStart {
  readonly vocabulary: Vocabulary;
  /** Numbers that a mask has bits for. */
  readonly size: number;
  /** Tokens that may end an answer. */
  readonly ends: readonly number[];
  readonly answer: JsonAnswer;
}

export type ToGrammar =
  /** An answer begins. mask: [size / 32] bits of the tokens that may come next; turn: [1], the number of tokens that the mask is for. */
  | { readonly type: 'open'; readonly id: number; readonly mask: SharedArrayBuffer; readonly turn: SharedArrayBuffer }
  | { readonly type: 'accept'; readonly id: number; readonly token: number }
  | { readonly type: 'close'; readonly id: number };

/** The grammar can be used, or says why not. */
export type FromGrammar = { readonly ready: true } | { readonly ready: false; readonly message: string };
