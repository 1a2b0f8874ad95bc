/** What a client asks the engine for, and what comes back. Plain data, so that it also travels between processes. */
import type { ChatMessage } from '../../data/chat-template.ts';

/** What the answer continues. The engine's own tokenizer turns texts into tokens. */
export type Prompt =
  | { readonly tokens: readonly number[] }
  | { readonly text: string }
  /** Written with the model's chat template, up to the point where the assistant's answer begins. */
  | { readonly messages: readonly ChatMessage[]; readonly tools?: readonly unknown[] | undefined }
  /** The answer stands between these two texts. The model needs fill-in-the-middle tokens. */
  | { readonly prefix: string; readonly suffix: string };

/** How the next token is chosen. */
export interface Sampling {
  /** 0 takes the most likely token. */
  readonly temperature: number;
  /** Only this many most likely tokens; 0: all. */
  readonly topK: number;
  /** Only the fewest most likely tokens whose probabilities reach this sum (arXiv 1904.09751); 1: all. */
  readonly topP: number;
  /** Only tokens with at least this share of the most likely token's probability (arXiv 2407.01082); 0: all. */
  readonly minP: number;
  /** Logits of tokens of the prompt and the answer are divided by this where they are positive, else multiplied (arXiv 1909.05858); 1: off. */
  readonly repetitionPenalty: number;
  /** Subtracted from the logit of every token that the answer already has. */
  readonly presencePenalty: number;
  /** Subtracted from a token's logit once for each time that the answer already has it. */
  readonly frequencyPenalty: number;
  /** The same seed, prompt and settings give the same answer, whatever else the engine does meanwhile. */
  readonly seed: number;
  /** Added to the logits of these tokens: pairs of token and bias. */
  readonly logitBias: readonly (readonly [token: number, bias: number])[];
}

/** The most likely token each time. */
export const GREEDY: Sampling = {
  temperature: 0,
  topK: 0,
  topP: 1,
  minP: 0,
  repetitionPenalty: 1,
  presencePenalty: 0,
  frequencyPenalty: 0,
  seed: 0,
  logitBias: [],
};

/** What an answer must look like: JSON that fits a schema, between two texts. */
export interface JsonAnswer {
  /** A JSON schema, as `schemaGrammar` follows it. */
  readonly schema: unknown;
  readonly before?: string | undefined;
  readonly after?: string | undefined;
}

export interface GenerationRequest {
  readonly prompt: Prompt;
  /** Content hash of an adapter. Left out, the base itself answers. Names are for callers: a name may mean another adapter tomorrow. */
  readonly adapter?: string | undefined;
  /** Most tokens of the answer; default: what fits after the prompt. */
  readonly maxTokens?: number | undefined;
  readonly sampling?: Partial<Sampling> | undefined;
  /**
   * Where this is given, fields that `sampling` leaves out are those that the base's generation_config.json recommends, and then these.
   * In any case, what is still left out is that of `GREEDY`.
   */
  readonly defaults?: Partial<Sampling> | undefined;
  /** The answer ends before the first of these texts. */
  readonly stop?: readonly string[] | undefined;
  /** The answer is JSON of a schema, or the beginning of such JSON where it ends for its length or time. */
  readonly json?: JsonAnswer | undefined;
  /** Continue after tokens that usually end an answer. */
  readonly ignoreEnd?: boolean | undefined;
  /** Also tell the log-probability of each token, and of so many most likely ones at its place. */
  readonly logprobs?: number | undefined;
  /** Background requests give way to interactive ones, but are never starved; default: interactive. */
  readonly priority?: 'interactive' | 'background' | undefined;
  /** The answer ends after so many milliseconds with what there is (reason 'deadline'), also if it has not begun. */
  readonly deadlineMs?: number | undefined;
  /** The answer ends so many milliseconds after its first token (reason 'deadline'), once it has a whole line. */
  readonly answerMs?: number | undefined;
  /** Guess tokens from the prompt and verify several in one run; never changes the answer; default: true. */
  readonly lookup?: boolean | undefined;
}

/** A token with its log-probability, before temperature, penalties and limits. */
export interface TokenLogprob {
  readonly token: number;
  readonly text: string;
  readonly logprob: number;
}

/** A token of the answer, and the most likely ones at its place. */
export interface ChosenToken extends TokenLogprob {
  readonly top: readonly TokenLogprob[];
}

/** A part of the answer. The texts of all parts together are the answer. */
export interface TextPiece {
  readonly type: 'text';
  /** Whole characters only; never a part of a stop text. */
  readonly text: string;
  /** Tokens generated since the last piece. Their text may come later, where it could be part of a stop text or a character. */
  readonly tokens: readonly number[];
  /** Where the request asks for it: one entry for each of `tokens`. */
  readonly logprobs?: readonly ChosenToken[];
}

/** stop: a stop text or a token that ends answers; length: `maxTokens` or the model's length; deadline: `deadlineMs` is over. */
export type EndReason = 'stop' | 'length' | 'deadline';

export interface Usage {
  readonly promptTokens: number;
  /** Tokens of the prompt whose keys and values were in the prefix cache. */
  readonly cachedTokens: number;
  /** Tokens of the answer, the one that ended it included. */
  readonly answerTokens: number;
  /** Tokens that were guessed from the prompt, and those of them that were right. */
  readonly draftedTokens: number;
  readonly acceptedTokens: number;
}

/** The last piece. */
export interface EndPiece {
  readonly type: 'end';
  readonly reason: EndReason;
  /** The stop text, where one ended the answer. */
  readonly stop?: string;
  /** The adapter starts late, and the prompt does not hold the point where it would: the base answered. */
  readonly unstarted?: true;
  readonly usage: Usage;
  /** Milliseconds from submission: until the prompt was turned into tokens, the first step with this request, the first token, and the end. */
  readonly timing: {
    readonly tokenizedMs: number;
    readonly queuedMs: number;
    readonly firstTokenMs?: number;
    readonly totalMs: number;
  };
}

/**
 * What a request yields: any number of texts, then one end. Errors are thrown by the iterator as VeraError: 'usage' (a prompt or a
 * setting is wrong), 'adapter' (it belongs to another base, or is damaged), 'missing' (no such adapter), 'cancelled' (the signal was aborted), 'runtime'
 * (the engine's process ended, or too many requests wait).
 */
export type Piece = TextPiece | EndPiece;

/** What an engine serves. */
export interface EngineInfo {
  /** Fingerprint of the base model. */
  readonly base: string;
  readonly precision: string;
  readonly vocabulary: number;
  /** Most tokens of prompt and answer together. */
  readonly maxLength: number;
  /** Whether prompts may be messages. */
  readonly chat: boolean;
  /** Whether prompts may be a prefix and a suffix. */
  readonly fillInTheMiddle: boolean;
}

/** Counters since the engine started, and its present state. */
export interface EngineStats {
  readonly requests: {
    readonly waiting: number;
    readonly running: number;
    readonly finished: number;
    readonly cancelled: number;
    readonly failed: number;
  };
  readonly steps: number;
  readonly promptTokens: number;
  readonly answerTokens: number;
  readonly draftedTokens: number;
  readonly acceptedTokens: number;
  readonly rows: { readonly used: number; readonly total: number };
  readonly prefixCache: {
    readonly hitTokens: number;
    readonly missedTokens: number;
    readonly blocks: number;
    readonly bytes: number;
    readonly budgetBytes: number;
    readonly evicted: number;
  };
  readonly bank: {
    readonly adapters: number;
    readonly bytes: number;
    readonly budgetBytes: number;
    readonly loaded: number;
    readonly evicted: number;
  };
}

/** An adapter in memory, as a client may want to know about it. */
export interface AdapterNotice {
  readonly adapter: string;
  /** True where it changes nothing: it answers as the base does. */
  readonly idle: boolean;
}
