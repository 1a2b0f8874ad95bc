/** One text that is being generated, for as long as it agrees with what a person types. */
import { saysTooLong } from '../protocol/unable.ts';
import { sameSuffix } from './answers.ts';
import { fit } from './fit.ts';
import { type Ask, type Generated, type Host, type Model, modelKey } from './host.ts';
import type { Length } from './length.ts';
import { limiter } from './limit.ts';
import { aroundOf, type Place } from './place.ts';
import type { Block } from './related.ts';
import type { Author } from './shown.ts';
import type { Speed } from './speed.ts';

export interface Finished {
  readonly author: Author;
  readonly text: string;
  readonly contextMs: number;
  readonly firstTokenMs: number | undefined;
  readonly answerMs: number | undefined;
  /** Missing where the text was whole before the model had ended. */
  readonly generated: Generated | undefined;
}

export interface Generation {
  readonly model: Model;
  readonly place: Place;
  /** What there is so far. */
  text(): string;
  /** undefined: it was cancelled. Rejects with what the host throws. */
  readonly done: Promise<Finished | undefined>;
  readonly over: boolean;
  /** Who waits for it. */
  waiters: number;
  /** Until when it continues without anybody who waits. */
  keepUntil: number;
  cancel(): void;
  /** Whether it may still lead to what stands at this place. */
  agrees(place: Place): boolean;
}

export interface GenerationOptions {
  readonly host: Host;
  readonly model: Model;
  readonly place: Place;
  readonly scope: string | undefined;
  readonly length: Exclude<Length, 'none'>;
  readonly maxLines: number;
  readonly invoked: boolean;
  readonly speed: Speed;
  /** Other texts for the prompt, of at most so many characters. */
  readonly related: (characters: number) => Promise<Block[]>;
  readonly now: () => number;
}

const LINE_TOKENS = 48;
const TOKENS_PER_LINE = 14;
const MOST_TOKENS = 256;
const DEADLINE_MS = { line: 2000, block: 5000, invoked: 15_000 };
/** Characters before the cursor that must be the same for a text to fit. */
const BEFORE = 2000;
/** The part of a prompt that other files and places have. */
const EXTRA_SHARE = 0.35;
/** Times that a prompt is shortened. */
const TRIES = 4;

export function startGeneration(options: GenerationOptions): Generation {
  const { model, place, length, maxLines, now } = options;
  const { prefix, suffix } = aroundOf(place);
  const ending = new AbortController();
  const limit = limiter(place, { length, maxLines });
  const begun = now();
  const first = Promise.withResolvers<Finished | undefined>();
  let [raw, text, over] = ['', '', false];
  let [contextMs, askedAt]: [number, number] = [0, begun];
  let firstAt: number | undefined;

  const finish = (author: Author, generated?: Generated): void => {
    if (over) return;
    over = true;
    const firstTokenMs = firstAt === undefined ? undefined : firstAt - askedAt;
    const answerMs = firstAt === undefined ? undefined : now() - firstAt;
    first.resolve({ author, text, contextMs, firstTokenMs, answerMs, generated });
  };
  let author = model.author;
  const onText = (part: string): void => {
    if (over) return;
    firstAt ??= now();
    raw += part;
    const limited = limit(raw, false);
    text = limited.text;
    if (!limited.whole) return;
    finish(author);
    ending.abort();
  };
  const run = async (): Promise<void> => {
    for (let tries = 1; ; tries++) {
      const { ask, characters } = await askFor(options, prefix, suffix);
      if (over) return;
      [contextMs, askedAt] = [now() - begun, now()];
      try {
        const { signal } = ending;
        const generated = await options.host.generate(ask, options.scope, { signal, onText });
        options.speed.add(generated, characters);
        ({ author } = generated);
        const limited = limit(raw, true);
        text = generated.reason === 'stop' ? limited.text : withoutPart(limited.text);
        return finish(author, generated);
      } catch (error) {
        if (tries >= TRIES || raw !== '' || !isTooLong(error)) throw error;
        options.speed.tooLong();
      }
    }
  };
  run().catch((error: unknown) => {
    if (over) return;
    over = true;
    first.reject(error);
  });
  first.promise.catch(() => undefined); // whoever waits is told

  return {
    ...{ model, place, done: first.promise, waiters: 0, keepUntil: 0 },
    text: () => text,
    get over() {
      return over;
    },
    cancel() {
      if (over) return;
      over = true;
      first.resolve(undefined);
      ending.abort();
    },
    agrees({ uri, text: document, offset }) {
      if (uri !== place.uri || offset < place.offset) return false;
      const before = prefix.slice(-BEFORE);
      if (!document.startsWith(before, place.offset - before.length)) return false;
      const typed = document.slice(place.offset, offset);
      const isLeft = typed === '' || text.length > typed.length;
      if (over ? !isLeft || !text.startsWith(typed) : !text.startsWith(typed) && !typed.startsWith(text)) return false;
      return sameSuffix(suffix, document.slice(offset), typed);
    },
  };
}

async function askFor(
  { model, length, maxLines, invoked, speed, related }: GenerationOptions,
  prefix: string,
  suffix: string,
): Promise<{ ask: Ask; characters: number }> {
  const block = Math.min(MOST_TOKENS, LINE_TOKENS + maxLines * TOKENS_PER_LINE);
  const maxTokens = Math.min(length === 'line' ? LINE_TOKENS : block, Math.floor(model.maxLength / 4));
  const { characters, suffixCharacters } = speed.room(model.maxLength, maxTokens);
  const extra = (await related(Math.floor(characters * EXTRA_SHARE))).map(({ text }) => text);
  const parts = { prefix, suffix: model.fillInTheMiddle ? suffix : '', extra };
  const fitted = fit(parts, { characters, suffixCharacters, extraShare: EXTRA_SHARE });
  return {
    ask: {
      prompt: model.fillInTheMiddle ? { prefix: fitted.prefix, suffix: fitted.suffix } : { text: fitted.prefix },
      maxTokens,
      stop: length === 'line' ? ['\n'] : [],
      deadlineMs: invoked ? DEADLINE_MS.invoked : DEADLINE_MS[length],
    },
    characters: fitted.prefix.length + fitted.suffix.length,
  };
}

/** Without the line or the word that was not finished. */
function withoutPart(text: string): string {
  const line = text.lastIndexOf('\n');
  return line >= 0 ? text.slice(0, line) : text.replace(/[\p{L}\p{N}_]*$/u, '').trimEnd();
}

const isTooLong = (error: unknown): boolean => error instanceof Error && saysTooLong(error.message);

export const keyOf = ({ model }: Generation): string => modelKey(model.author);
