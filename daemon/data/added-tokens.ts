import { isObject } from '../formats/json.ts';
import type { Pipeline, Splitter } from './pipeline.ts';

type Json = Record<string, unknown>;

interface AddedToken {
  content: string;
  id?: number;
  single_word?: boolean;
  lstrip?: boolean;
  rstrip?: boolean;
  normalized?: boolean;
  special?: boolean;
}

const NAMED = 'bos_token eos_token unk_token sep_token pad_token cls_token mask_token'.split(' ');

/**
 * tokenizer.json with the tokens that only the files beside it have, as transformers adds them: `added_tokens_decoder` of
 * tokenizer_config.json (else added_tokens.json), then the named special tokens, then the extra ones. Each gets the id that the Rust
 * library gives: that of the vocabulary, else the next one.
 */
export function withAddedTokens(
  json: Json,
  config: Json,
  special: Readonly<Record<string, string>>,
  legacy: Json,
): Json {
  const vocab = vocabularyOf(json['model']);
  const added = new Map<string, AddedToken>();
  let last = -1;
  const add = (token: AddedToken) => {
    const id = added.get(token.content)?.id ?? vocab.get(token.content) ?? Math.max(last + 1, vocab.size);
    if (!vocab.has(token.content)) last = Math.max(last, id);
    added.set(token.content, { ...token, id });
  };
  for (const token of listOf(json['added_tokens'])) add(token);

  const extra = [config['additional_special_tokens'], config['extra_special_tokens'], legacy['special']];
  const extras = extra.flatMap((list): unknown[] =>
    isObject(list) ? Object.values(list) : Array.isArray(list) ? list : [],
  );
  const specials = [...NAMED.map((name) => special[name]), ...extras.map(contentOf)].filter((one) => one !== undefined);
  for (const token of declared(config['added_tokens_decoder'], legacy['added'], specials)) add(token);
  for (const content of specials) if (!added.has(content)) add({ content, special: true, normalized: false });
  return { ...json, added_tokens: [...added.values()] };
}

function vocabularyOf(model: unknown): Map<string, number> {
  const vocab = isObject(model) ? model['vocab'] : undefined;
  if (Array.isArray(vocab)) return new Map(vocab.map((entry: unknown, id) => [String((entry as unknown[])[0]), id]));
  return new Map(isObject(vocab) ? (Object.entries(vocab) as [string, number][]) : []);
}

const listOf = (value: unknown): AddedToken[] =>
  (Array.isArray(value) ? value : []).filter(
    (one): one is AddedToken => isObject(one) && typeof one['content'] === 'string',
  );

const contentOf = (token: unknown): string | undefined => {
  const content = isObject(token) ? token['content'] : token;
  return typeof content === 'string' ? content : undefined;
};

/** Tokens with their ids in another file, by id. Their ids only give the order. */
function declared(decoder: unknown, legacy: unknown, specials: readonly string[]): AddedToken[] {
  if (isObject(decoder))
    return listOf(
      Object.entries(decoder)
        .sort(([a], [b]) => Number(a) - Number(b))
        .map(([, token]) => token),
    );
  if (!isObject(legacy)) return [];
  return Object.entries(legacy)
    .sort(([, a], [, b]) => Number(a) - Number(b))
    .map(([content]) => {
      const isSpecial = specials.includes(content);
      return { content, special: isSpecial, normalized: !isSpecial };
    });
}

const WORD = '[\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\p{Join_Control}]';
const STARTS_WITH_WORD = new RegExp(`^${WORD}`, 'u');
const ENDS_WITH_WORD = new RegExp(`${WORD}$`, 'u');

/** Makes the pipeline obey `single_word`: such a token is not found inside a word. */
export function obeySingleWord(pipeline: Pipeline, json: Json): void {
  const single = new Set(listOf(json['added_tokens']).flatMap((token) => (token.single_word ? [token.content] : [])));
  if (single.size === 0) return;
  for (const splitter of [pipeline.splitter_unnormalized, pipeline.splitter_normalized])
    joinInsideWords(splitter, single);
}

function joinInsideWords(splitter: Splitter, single: ReadonlySet<string>): void {
  const split = splitter.split.bind(splitter);
  splitter.split = (text) => {
    const pieces = split(text);
    if (!pieces.some((piece) => single.has(piece))) return pieces;
    const joined: string[] = [];
    // Whether the last of `joined` is text, to which more text belongs.
    let open = false;
    pieces.forEach((piece, i) => {
      const inWord = ENDS_WITH_WORD.test(pieces[i - 1] ?? '') || STARTS_WITH_WORD.test(pieces[i + 1] ?? '');
      const isText = single.has(piece) ? inWord : !isToken(splitter, piece);
      if (isText && open) joined.push(joined.pop()! + piece);
      else joined.push(piece);
      open = isText;
    });
    return joined;
  };
}

/** A piece that is an added token comes back whole and alone. */
const isToken = (splitter: Splitter, piece: string): boolean => {
  const trie = (splitter as { trie?: Record<string, unknown> }).trie;
  let node: Record<string, unknown> | undefined = trie;
  for (const unit of piece.split('')) node = node?.[unit] as Record<string, unknown> | undefined;
  return node?.['end'] === piece;
};
