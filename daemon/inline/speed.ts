import { CHARACTERS_PER_TOKEN, SPECIAL_TOKENS } from './fit.ts';

/** What was measured of an answer. */
export interface Timing {
  readonly promptTokens: number;
  readonly cachedTokens: number;
  readonly answerTokens: number;
  readonly firstTokenMs?: number | undefined;
  readonly totalMs: number;
}

/** What the model reads and writes in a second here, learned from its answers; it decides how long prompts are. */
export interface Speed {
  add(timing: Timing, promptCharacters: number): void;
  /** The prompt had more tokens than the model can read. */
  tooLong(): void;
  /** How long an answer of one line usually takes, in milliseconds. */
  latencyMs(): number;
  /** Room for a prompt. maxLength: most tokens of the model; answer: tokens that the answer may have. */
  room(maxLength: number, answer: number): { readonly characters: number; readonly suffixCharacters: number };
}

/** A prompt that is not in the cache of the engine is read in so many seconds. */
const COLD_SECONDS = 0.8;
/** The suffix is read again after each key, so it has less. */
const SUFFIX_SECONDS = 0.06;
const [LEAST, MOST] = [192, 2048];
const [LEAST_SUFFIX, MOST_SUFFIX] = [48, 384];
const NEWEST = 0.2;
const LINE_TOKENS = 12;
/** Fewer tokens say nothing about the speed. */
const ENOUGH = 32;

export function measuredSpeed(): Speed {
  let [read, write, characters] = [1000, 50, CHARACTERS_PER_TOKEN];
  let overheadMs = 20;
  let last: { characters: number; suffixCharacters: number; most: number } | undefined;
  const toward = (old: number, next: number): number => old + NEWEST * (next - old);
  return {
    add({ promptTokens, cachedTokens, answerTokens, firstTokenMs, totalMs }, promptCharacters) {
      const fresh = promptTokens - cachedTokens;
      if (promptTokens >= ENOUGH)
        characters = Math.min(6, Math.max(1, toward(characters, promptCharacters / promptTokens)));
      if (firstTokenMs === undefined) return;
      if (fresh >= ENOUGH) read = toward(read, (1000 * fresh) / Math.max(1, firstTokenMs));
      else overheadMs = toward(overheadMs, firstTokenMs);
      if (answerTokens > 1) write = toward(write, (1000 * (answerTokens - 1)) / Math.max(1, totalMs - firstTokenMs));
    },
    tooLong() {
      characters = Math.max(1, characters / 1.5);
      last = undefined;
    },
    latencyMs: () => overheadMs + (1000 * LINE_TOKENS) / write,
    room(maxLength, answer) {
      const most = Math.min(MOST, maxLength - answer - SPECIAL_TOKENS);
      const tokens = Math.max(0, Math.min(most, Math.max(LEAST, Math.floor(read * COLD_SECONDS))));
      const suffix = Math.min(MOST_SUFFIX, tokens / 4, Math.max(LEAST_SUFFIX, read * SUFFIX_SECONDS));
      const room = {
        characters: Math.floor(tokens * characters),
        suffixCharacters: Math.floor(suffix * characters),
      };
      // A small change of what was measured does not move where prompts begin; one that may not fit does.
      const isNear = last !== undefined && last.most === most && Math.abs(last.characters / room.characters - 1) < 0.25;
      if (!isNear || last === undefined) last = { ...room, most };
      return { characters: last.characters, suffixCharacters: last.suffixCharacters };
    },
  };
}
