import { Tokenizer as Untyped } from '@huggingface/tokenizers';

export interface Splitter {
  split(text: string): string[];
}

/** The parts of the tokenizer library that we use. Its own declarations do not resolve under Node's module rules. */
export interface Pipeline {
  encode(text: string, options: { add_special_tokens: boolean }): { ids: number[] };
  decode(ids: number[], options: { clean_up_tokenization_spaces: boolean }): string;
  token_to_id(token: string): number | undefined;
  get_vocab(): Map<string, number>;
  get_added_tokens_decoder(): Map<number, { special: boolean }>;
  /** Cut a text at added tokens: those found before and after normalisation. */
  splitter_unnormalized: Splitter;
  splitter_normalized: Splitter;
  /** BPE, unigram or WordPiece; bpe.ts knows more about it. */
  model: unknown;
}

/** Builds the pipeline from tokenizer.json and tokenizer_config.json. Throws plain errors for what it cannot read. */
export const createPipeline = (json: object, config: object): Pipeline =>
  new (Untyped as unknown as new (json: object, config: object) => Pipeline)(json, config);
