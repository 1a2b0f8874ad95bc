import { VeraError } from '../../protocol/errors.ts';
import { quote } from '../quote.ts';
import type { GgufHeader } from './header.ts';
import { impliedMerges, parseMerges, type Merge } from './merges.ts';
import { metadataOf, type Metadata } from './metadata.ts';
import { preTokenization } from './pretokenize.ts';

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

export interface TokenizerFiles {
  /** tokenizer.json */
  tokenizer: Json;
  /** tokenizer_config.json */
  config: Json;
  /** generation_config.json */
  generation: Json;
}

/** Token types of `tokenizer.ggml.token_type` (llama.h). */
const TYPE = { normal: 1, unknown: 2, control: 3, userDefined: 4, unused: 5, byte: 6 } as const;

/** Keys whose token is a marker even if its type does not say so: ends of turns and fill-in-the-middle. */
const MARKERS = [
  'eot',
  'eom',
  'prefix',
  'suffix',
  'middle',
  'fim_pre',
  'fim_suf',
  'fim_mid',
  'fim_pad',
  'fim_rep',
  'fim_sep',
];

interface Vocabulary {
  tokens: string[];
  types: number[];
  ids: Map<string, number>;
  /** The id a key names, checked against the number of tokens. */
  idOf(key: string): number | undefined;
  tokenOf(key: string): string | undefined;
}

/**
 * Converts the tokenizer of a GGUF file into the files that `tokenizers` and `transformers` read. Byte-level BPE (`gpt2`) and
 * SentencePiece BPE (`llama`); any other kind throws VeraError('model').
 * rows: rows of the embedding matrix; standard: how text is cut (`preTokenization`) if the file does not say.
 */
export function tokenizerFiles(header: GgufHeader, rows: number, standard?: string): TokenizerFiles {
  const meta = metadataOf(header);
  const kind = meta.need('tokenizer.ggml.model', meta.text('tokenizer.ggml.model'));
  if (kind !== 'gpt2' && kind !== 'llama') {
    throw new VeraError(
      'model',
      `${header.where}: the tokenizer type ${quote(kind)} is not supported; gpt2 (byte-level BPE) and llama (SentencePiece BPE) are`,
    );
  }
  const vocabulary = readVocabulary(meta, rows);
  const built = kind === 'gpt2' ? byteLevel(meta, vocabulary, standard) : sentencePiece(meta, vocabulary);
  const added = addedTokens(meta, vocabulary);
  const bos = vocabulary.tokenOf('bos');
  const eos = vocabulary.tokenOf('eos');
  const addBos = bos !== undefined && (meta.flag('tokenizer.ggml.add_bos_token') ?? built.addBos);
  const addEos = eos !== undefined && (meta.flag('tokenizer.ggml.add_eos_token') ?? false);
  const names = {
    bos_token: bos,
    eos_token: eos,
    unk_token: vocabulary.tokenOf('unknown'),
    pad_token: vocabulary.tokenOf('padding'),
  };
  const context = meta.whole(`${meta.text('general.architecture') ?? ''}.context_length`);
  const template = meta.text('tokenizer.chat_template');
  return {
    tokenizer: {
      version: '1.0',
      truncation: null,
      padding: null,
      added_tokens: added,
      normalizer: built.normalizer,
      pre_tokenizer: built.preTokenizer,
      post_processor:
        addBos || addEos
          ? surround(vocabulary, addBos ? bos : undefined, addEos ? eos : undefined)
          : built.postProcessor,
      decoder: built.decoder,
      model: built.model,
    },
    config: {
      tokenizer_class: 'PreTrainedTokenizerFast',
      add_bos_token: addBos,
      add_eos_token: addEos,
      added_tokens_decoder: Object.fromEntries(added.map(({ id, ...token }) => [String(id), token])),
      ...Object.fromEntries(Object.entries(names).map(([name, token]) => [name, token ?? null])),
      clean_up_tokenization_spaces: false,
      ...(context === undefined ? {} : { model_max_length: context }),
      ...(template === undefined ? {} : { chat_template: template }),
    },
    generation: generationConfig(vocabulary),
  };
}

function readVocabulary(meta: Metadata, rows: number): Vocabulary {
  const key = 'tokenizer.ggml.tokens';
  const tokens = meta.need(key, meta.texts(key));
  const types = meta.numbers('tokenizer.ggml.token_type') ?? tokens.map(() => TYPE.normal);
  if (tokens.length === 0 || tokens.length > rows || types.length !== tokens.length) {
    throw new VeraError(
      'model',
      `${meta.where}: ${tokens.length} tokens and ${types.length} token types do not fit an embedding of ${rows} rows`,
    );
  }
  const ids = new Map(tokens.map((token, id) => [token, id]));
  const idOf = (name: string): number | undefined => {
    const id = meta.whole(`tokenizer.ggml.${name}_token_id`, 0);
    if (id !== undefined && id >= tokens.length) {
      throw new VeraError(
        'model',
        `${meta.where}: tokenizer.ggml.${name}_token_id is ${id}, but there are ${tokens.length} tokens`,
      );
    }
    return id;
  };
  const tokenOf = (name: string): string | undefined => {
    const id = idOf(name);
    return id === undefined ? undefined : tokens[id];
  };
  return { tokens, types, ids, idOf, tokenOf };
}

/** Rows that only pad the embedding have invented names and unused types; they are not tokens. */
const isFiller = (token: string, type: number | undefined): boolean =>
  type === TYPE.unused && /^\[PAD\d+\]$/.test(token);

function vocabularyObject(vocabulary: Vocabulary): { [token: string]: Json } {
  return Object.fromEntries([...vocabulary.ids].filter(([token, id]) => !isFiller(token, vocabulary.types[id])));
}

type AddedToken = {
  id: number;
  content: string;
  single_word: boolean;
  lstrip: boolean;
  rstrip: boolean;
  normalized: boolean;
  special: boolean;
};

/** Tokens found in text before anything else: control tokens (special) and user-defined ones. */
function addedTokens(meta: Metadata, vocabulary: Vocabulary): AddedToken[] {
  const markers = new Set(
    ['bos', 'eos', 'unknown', 'padding', ...MARKERS]
      .map((name) => vocabulary.idOf(name))
      .filter((id) => id !== undefined),
  );
  const added: AddedToken[] = [];
  for (const [content, id] of vocabulary.ids) {
    const type = vocabulary.types[id];
    const special = type === TYPE.control || type === TYPE.unknown || markers.has(id);
    if (!special && type !== TYPE.userDefined) continue;
    if (content === '') throw new VeraError('model', `${meta.where}: the special token with the id ${id} is empty`);
    added.push({ id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special });
  }
  return added.sort((a, b) => a.id - b.id);
}

interface Built {
  normalizer: Json;
  preTokenizer: Json;
  postProcessor: Json;
  decoder: Json;
  model: Json;
  /** Whether this kind of vocabulary adds the beginning-of-text token if the file does not say. */
  addBos: boolean;
}

function bpe(vocabulary: Vocabulary, merges: Merge[], options: { [key: string]: Json }): Json {
  return {
    type: 'BPE',
    dropout: null,
    unk_token: null,
    continuing_subword_prefix: null,
    end_of_word_suffix: null,
    fuse_unk: false,
    byte_fallback: false,
    ignore_merges: false,
    ...options,
    vocab: vocabularyObject(vocabulary),
    merges,
  };
}

/** Byte-level BPE, as in GPT-2: bytes are written as printable characters, and the merges are in the file. */
function byteLevel(meta: Metadata, vocabulary: Vocabulary, standard: string | undefined): Built {
  const has = (token: string): boolean => vocabulary.ids.has(token);
  const pre = preTokenization(meta.where, meta.text('tokenizer.ggml.pre'), standard, has);
  const merges = meta.need('tokenizer.ggml.merges', meta.texts('tokenizer.ggml.merges'));
  const bytes = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false };
  const splits = pre.splits.map((regex) => ({
    type: 'Split',
    pattern: { Regex: regex },
    behavior: 'Isolated',
    invert: false,
  }));
  return {
    normalizer: pre.normalizeNfc ? { type: 'NFC' } : null,
    preTokenizer: { type: 'Sequence', pretokenizers: [...splits, bytes] },
    postProcessor: null,
    decoder: { ...bytes, add_prefix_space: true, use_regex: true },
    model: bpe(vocabulary, parseMerges(meta.where, merges, has), { ignore_merges: pre.ignoreMerges ?? false }),
    addBos: pre.addBos ?? false,
  };
}

/** SentencePiece BPE, as in Llama 2: spaces are written U+2581, and characters without a token become bytes. */
function sentencePiece(meta: Metadata, vocabulary: Vocabulary): Built {
  const scores = meta.need('tokenizer.ggml.scores', meta.numbers('tokenizer.ggml.scores'));
  if (scores.length !== vocabulary.tokens.length || scores.some(Number.isNaN)) {
    throw new VeraError(
      'model',
      `${meta.where}: tokenizer.ggml.scores needs one number for each of the ${vocabulary.tokens.length} tokens`,
    );
  }
  const mergeable = [...vocabulary.ids].filter(([, id]) => {
    const type = vocabulary.types[id];
    return type === TYPE.normal || type === TYPE.userDefined;
  });
  const pieces = new Map(mergeable.map(([token, id]) => [token, { id, score: scores[id] ?? 0 }]));
  const prefix = meta.flag('tokenizer.ggml.add_space_prefix') ?? true;
  const space = '\u2581';
  const unknown = vocabulary.tokens[vocabulary.types.indexOf(TYPE.unknown)] ?? vocabulary.tokenOf('unknown') ?? null;
  const strip = { type: 'Strip', content: ' ', start: 1, stop: 0 };
  return {
    normalizer: {
      type: 'Sequence',
      normalizers: [
        ...(prefix ? [{ type: 'Prepend', prepend: space }] : []),
        { type: 'Replace', pattern: { String: ' ' }, content: space },
      ],
    },
    preTokenizer: null,
    postProcessor: null,
    decoder: {
      type: 'Sequence',
      decoders: [
        { type: 'Replace', pattern: { String: space }, content: ' ' },
        { type: 'ByteFallback' },
        { type: 'Fuse' },
        ...(prefix ? [strip] : []),
      ],
    },
    model: bpe(vocabulary, impliedMerges(meta.where, pieces), {
      unk_token: unknown,
      fuse_unk: true,
      byte_fallback: true,
    }),
    addBos: true,
  };
}

/** A post-processor that puts the beginning and end tokens around the text. */
function surround(vocabulary: Vocabulary, bos: string | undefined, eos: string | undefined): Json {
  const around = (sequence: string, type: number): Json[] => [
    ...(bos === undefined ? [] : [{ SpecialToken: { id: bos, type_id: type } }]),
    { Sequence: { id: sequence, type_id: type } },
    ...(eos === undefined ? [] : [{ SpecialToken: { id: eos, type_id: type } }]),
  ];
  const specials = [bos, eos].filter((token) => token !== undefined);
  return {
    type: 'TemplateProcessing',
    single: around('A', 0),
    pair: [...around('A', 0), ...around('B', 1)],
    special_tokens: Object.fromEntries(
      specials.map((token) => [token, { id: token, ids: [vocabulary.ids.get(token) ?? null], tokens: [token] }]),
    ),
  };
}

function generationConfig(vocabulary: Vocabulary): Json {
  const ends = [
    ...new Set(['eos', 'eot', 'eom'].map((name) => vocabulary.idOf(name)).filter((id) => id !== undefined)),
  ];
  const optional = (key: string, id: number | undefined): { [key: string]: Json } =>
    id === undefined ? {} : { [key]: id };
  return {
    ...optional('bos_token_id', vocabulary.idOf('bos')),
    ...(ends.length > 1 ? { eos_token_id: ends } : optional('eos_token_id', ends[0])),
    ...optional('pad_token_id', vocabulary.idOf('padding')),
  };
}
