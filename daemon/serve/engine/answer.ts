import type { Tokenizer } from '../../data/tokenizer.ts';
import type { Constraint } from '../grammar/grammars.ts';
import { type Recommended, settled } from '../generationConfig.ts';
import { type TextStream, textStream } from '../stream.ts';
import { type Chooser, chooser, logprobsOf } from './choose.ts';
import { type ChosenToken, type EndPiece, type EndReason, type GenerationRequest, type Piece } from './request.ts';
import { type StopTexts, stopTexts } from './stopTexts.ts';

export interface AnswerOptions {
  readonly request: GenerationRequest;
  readonly prompt: readonly number[];
  readonly tokenizer: Tokenizer;
  readonly vocabulary: number;
  /** What the base's generation_config.json says. */
  readonly recommended: Recommended;
  /** Tokens that end answers. */
  readonly ends: ReadonlySet<number>;
  /** Most tokens of the answer. */
  readonly most: number;
  /** When the request came, in milliseconds of `now`. */
  readonly submittedAt: number;
  readonly now: () => number;
}

/** What one request has so far: its tokens, its text, and how it ends. It knows nothing of caches and batches. */
export class Answer {
  /** Prompt and answer. */
  readonly tokens: number[];
  readonly promptTokens: number;
  cachedTokens = 0;
  drafted = 0;
  accepted = 0;
  /** Whether its adapter acts on some of it. */
  started = true;
  startedAt: number | undefined;
  #firstAt: number | undefined;
  readonly #tokenizedAt: number;
  readonly #options: AnswerOptions;
  readonly #chooser: Chooser;
  readonly #stream: TextStream;
  readonly #stops: StopTexts;
  #end: { reason: EndReason; stop?: string } | undefined;
  #hasLine = false;
  #constraint: Constraint | undefined;

  /** Throws VeraError 'usage' for a setting that is out of range. */
  constructor(options: AnswerOptions) {
    const { request, prompt, tokenizer, vocabulary, recommended, now } = options;
    this.#options = options;
    this.tokens = [...prompt];
    this.promptTokens = prompt.length;
    this.#chooser = chooser(settled(recommended, request), vocabulary);
    this.#stream = textStream(tokenizer, prompt);
    this.#stops = stopTexts((request.stop ?? []).filter((stop) => stop !== ''));
    this.#tokenizedAt = now();
  }

  get ended(): boolean {
    return this.#end !== undefined;
  }

  /** Tokens of the answer that may still come. */
  get left(): number {
    return this.#options.most - (this.tokens.length - this.promptTokens);
  }

  /** From now on only tokens that this allows are chosen. */
  constrain(constraint: Constraint): void {
    this.#constraint = constraint;
  }

  /** Frees what it needs while it runs. */
  release(): void {
    this.#constraint?.close();
    this.#constraint = undefined;
  }

  /** Ends it without another token. */
  finish(reason: EndReason): void {
    this.#end ??= { reason };
  }

  /** Chooses the next token. logits: [vocabulary]. -> the token, and what it adds to the text, where it adds any. */
  next(logits: Float32Array): { readonly token: number; readonly piece: Piece | undefined } {
    const { request, tokenizer, ends, now } = this.#options;
    const allowed = this.#constraint ? logits.slice() : logits;
    this.#constraint?.apply(allowed);
    const token = this.#chooser.choose(allowed, this.tokens, this.promptTokens);
    this.#constraint?.accept(token);
    this.tokens.push(token);
    this.#firstAt ??= now();
    const entry: ChosenToken[] =
      request.logprobs === undefined
        ? []
        : [logprobsOf(logits, token, request.logprobs, (id) => tokenizer.decode([id]))];
    const logprobs = request.logprobs === undefined ? {} : { logprobs: entry };
    if (ends.has(token) && (!request.ignoreEnd || this.#constraint)) {
      this.#end = { reason: 'stop' };
      return { token, piece: undefined };
    }
    const { text, stop } = this.#stops.push(this.#stream.push(token));
    if (stop !== undefined) this.#end = { reason: 'stop', stop };
    else if (this.left <= 0) this.#end = { reason: 'length' };
    this.#hasLine ||= text.includes('\n');
    if (this.#hasLine && now() - this.#firstAt > (request.answerMs ?? Infinity)) this.finish('deadline');
    return { token, piece: { type: 'text', text, tokens: [token], ...logprobs } };
  }

  /** The last pieces, once it has ended. */
  last(): Piece[] {
    const { reason, stop } = this.#end!;
    const pieces: Piece[] = [];
    if (stop === undefined) {
      const rest = this.#stops.push(this.#stream.end());
      const text = rest.text + (rest.stop === undefined ? this.#stops.end() : '');
      if (text !== '') pieces.push({ type: 'text', text, tokens: [] });
    }
    const since = (time: number): number => Math.max(0, time - this.#options.submittedAt);
    const now = this.#options.now();
    const end: EndPiece = {
      type: 'end',
      reason,
      ...(stop === undefined ? {} : { stop }),
      ...(this.started ? {} : { unstarted: true as const }),
      usage: {
        promptTokens: this.promptTokens,
        cachedTokens: this.cachedTokens,
        answerTokens: this.tokens.length - this.promptTokens,
        draftedTokens: this.drafted,
        acceptedTokens: this.accepted,
      },
      timing: {
        tokenizedMs: since(this.#tokenizedAt),
        queuedMs: since(this.startedAt ?? now),
        ...(this.#firstAt === undefined ? {} : { firstTokenMs: since(this.#firstAt) }),
        totalMs: since(now),
      },
    };
    return [...pieces, end];
  }
}
