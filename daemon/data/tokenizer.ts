import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isObject } from '../formats/json.ts';
import { VeraError } from '../protocol/errors.ts';
import { loadChatTemplate, type ChatMessage, type RenderConversation, type RenderOptions } from './chat-template.ts';
import { findFim, type FimTokens } from './fim-tokens.ts';
import { createPipeline, type Pipeline } from './pipeline.ts';
import { alignWithRust } from './tokenizer-json.ts';
import { speedUpBpe } from './bpe.ts';
import { obeySingleWord, withAddedTokens } from './added-tokens.ts';
import { obeyByteFallback } from './unigram.ts';

export type { ChatMessage, RenderOptions } from './chat-template.ts';

export interface Tokenizer {
  /** Token ids of `text`, with the model's own special tokens around them unless `addSpecialTokens` is false. */
  encode(text: string, options?: { addSpecialTokens?: boolean }): number[];
  /** The text of `ids`. Spaces stay as they are, because code must not change. */
  decode(ids: number[], options?: { skipSpecialTokens?: boolean }): string;
  /** One more than the largest token id; an embedding may have more rows. */
  vocabSize: number;
  bosId?: number;
  eosId?: number;
  padId?: number;
  tokenId(token: string): number | undefined;
  /** Fill-in-the-middle tokens, if the vocabulary has them. */
  fim?: FimTokens;
  /** Writes a conversation with the model's chat template; absent if the model has none. */
  renderChat?: (messages: ChatMessage[], options?: RenderOptions) => string;
  /** The same with what is known of the parts of the text. */
  renderConversation?: RenderConversation;
}

/**
 * The tokenizer of a Hugging Face folder: tokenizer.json, and what tokenizer_config.json, special_tokens_map.json and
 * chat_template.jinja add to it. Throws a 'model' error if tokenizer.json is missing or cannot be read.
 */
export function loadTokenizer(dir: string): Tokenizer {
  const file = join(dir, 'tokenizer.json');
  if (!existsSync(file)) throw withoutTokenizer(dir);
  const json = readJson(file);
  const config = readOptionalJson(join(dir, 'tokenizer_config.json'));
  const { special, whole } = withFilesBeside(dir, json, config);
  let pipeline: Pipeline;
  try {
    pipeline = createPipeline(alignWithRust(whole), config);
    speedUpBpe(pipeline);
    obeyByteFallback(pipeline, whole);
    obeySingleWord(pipeline, whole);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new VeraError('model', `${file} cannot be used: ${reason}`, { cause });
  }

  const skipped = new Set<number>();
  let vocabSize = 0;
  for (const id of pipeline.get_vocab().values()) vocabSize = Math.max(vocabSize, id + 1);
  for (const [id, token] of pipeline.get_added_tokens_decoder()) {
    vocabSize = Math.max(vocabSize, id + 1);
    if (token.special) skipped.add(id);
  }
  const tokenId = (token: string) => pipeline.token_to_id(token);
  const idOf = (name: string) => (special[name] === undefined ? undefined : tokenId(special[name]));
  const [bosId, eosId, padId] = [idOf('bos_token'), idOf('eos_token'), idOf('pad_token')];
  const fim = findFim(tokenId, bosId);
  const renderConversation = loadChatTemplate(dir, config, special);
  return {
    encode: (text, { addSpecialTokens = true } = {}) =>
      pipeline.encode(text, { add_special_tokens: addSpecialTokens }).ids,
    decode(ids, { skipSpecialTokens = false } = {}) {
      const kept = skipSpecialTokens ? ids.filter((id) => !skipped.has(id)) : ids;
      return kept.length === 0 ? '' : pipeline.decode(kept, { clean_up_tokenization_spaces: false });
    },
    vocabSize,
    tokenId,
    ...(bosId === undefined ? {} : { bosId }),
    ...(eosId === undefined ? {} : { eosId }),
    ...(padId === undefined ? {} : { padId }),
    ...(fim === undefined ? {} : { fim }),
    ...(renderConversation && {
      renderConversation,
      renderChat: (messages, options) => renderConversation(messages, options).text,
    }),
  };
}

/** The special tokens by name, and tokenizer.json with the tokens that only the files beside it have. */
function withFilesBeside(dir: string, json: Json, config: Json): { special: Record<string, string>; whole: Json } {
  // A tokenizer_config.json of today says everything; before, special_tokens_map.json was read after it and won.
  const map = readOptionalJson(join(dir, 'special_tokens_map.json'));
  const current = isObject(config['added_tokens_decoder']);
  const special = current ? specialTokens(map, config) : specialTokens(config, map);
  const legacy = current
    ? {}
    : { added: readOptionalJson(join(dir, 'added_tokens.json')), special: map['additional_special_tokens'] };
  return { special, whole: withAddedTokens(json, config, special, legacy) };
}

/**
 * What the tokenizer of a folder knows beside text, without making the tokenizer: whether it has fill-in-the-middle tokens and a chat
 * template. Throws a 'model' error as `loadTokenizer` does.
 */
export function tokenizerFacts(dir: string): { readonly fillInTheMiddle: boolean; readonly chat: boolean } {
  const file = join(dir, 'tokenizer.json');
  if (!existsSync(file)) throw withoutTokenizer(dir);
  const config = readOptionalJson(join(dir, 'tokenizer_config.json'));
  const ids = tokenIds(withFilesBeside(dir, readJson(file), config).whole);
  return {
    fillInTheMiddle: findFim((token) => ids.get(token)) !== undefined,
    chat: loadChatTemplate(dir, config, {}) !== undefined,
  };
}

/** The vocabulary of tokenizer.json: an object by token, or a list of pairs of token and score; and the added tokens. */
function tokenIds({ model, added_tokens: added }: Json): Map<string, number> {
  const vocab = isObject(model) ? model['vocab'] : undefined;
  const ids = new Map<string, number>();
  if (Array.isArray(vocab))
    for (const [id, entry] of vocab.entries()) if (Array.isArray(entry)) ids.set(String(entry[0]), id);
  if (isObject(vocab)) for (const [token, id] of Object.entries(vocab)) ids.set(token, Number(id));
  if (Array.isArray(added))
    for (const one of added) if (isObject(one)) ids.set(String(one['content']), Number(one['id']));
  return ids;
}

const withoutTokenizer = (dir: string): VeraError =>
  new VeraError('model', `${dir} has no tokenizer.json; save the model with a fast tokenizer, which writes it`);

type Json = Record<string, unknown>;

function readJson(file: string): Json {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw new VeraError('model', `${file} is not valid JSON: ${(cause as Error).message}`, { cause });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new VeraError('model', `${file} must hold a JSON object`);
  }
  return value as Json;
}

function readOptionalJson(file: string): Json {
  return existsSync(file) ? readJson(file) : {};
}

/** Names such as `eos_token` with their text; a value is a string or an object with `content`. The second file wins. */
function specialTokens(first: Json, second: Json): Record<string, string> {
  const out: Record<string, string> = {};
  for (const [name, value] of [...Object.entries(first), ...Object.entries(second)]) {
    if (!name.endsWith('_token')) continue;
    if (typeof value === 'string') out[name] = value;
    else if (typeof value === 'object' && value !== null && 'content' in value && typeof value.content === 'string') {
      out[name] = value.content;
    }
  }
  return out;
}
