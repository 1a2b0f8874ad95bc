/** Remembers what was generated, and finds what of it still fits while a person types. */

/** A text that was generated between two others. */
export interface Answer {
  /** The model: its base and the content hash of its adapter. */
  readonly model: string;
  /** The end of the text before the cursor, as it was. */
  readonly before: string;
  /** The beginning of the text after it. */
  readonly suffix: string;
  /** '' if the model had nothing to add. */
  readonly text: string;
}

export interface Found {
  readonly answer: Answer;
  /** What a person typed of the text since. */
  readonly typed: string;
  /** What is left of it. */
  readonly rest: string;
}

export interface Answers {
  add(model: string, prefix: string, suffix: string, text: string): void;
  find(model: string, prefix: string, suffix: string): Found | undefined;
  clear(): void;
}

/** Characters of prefix and suffix that must be the same. */
const [BEFORE, AFTER] = [2000, 500];
const MOST = 250;
/** What editors insert after the cursor when an opening bracket or a quote is typed. */
const CLOSED = /^[)\]}>"'`]{1,4}/;
const OPENS = /[([{<"'`]/;

export function rememberedAnswers(most = MOST): Answers {
  /** The newest last. */
  let answers: Answer[] = [];
  return {
    add(model, prefix, suffix, text) {
      const answer = { model, before: prefix.slice(-BEFORE), suffix: suffix.slice(0, AFTER), text };
      const same = (other: Answer): boolean =>
        other.model === model && other.before === answer.before && other.suffix === answer.suffix;
      answers = [...answers.filter((other) => !same(other)), answer].slice(-most);
    },
    find(model, prefix, suffix) {
      let best: Found | undefined;
      for (const answer of answers.toReversed()) {
        if (answer.model !== model) continue;
        const typed = typedOf(answer, prefix, suffix);
        // The less was typed since, the more the model knew.
        if (typed !== undefined && (best === undefined || typed.length < best.typed.length))
          best = { answer, typed, rest: answer.text.slice(typed.length) };
      }
      return best;
    },
    clear: () => void (answers = []),
  };
}

/** What was typed of an answer, where it has more than that. */
function typedOf({ before, suffix: asked, text }: Answer, prefix: string, suffix: string): string | undefined {
  // What reached to the beginning of its document still does.
  const whole = before.length < BEFORE;
  const from = whole ? Math.max(0, prefix.length - before.length) : 0;
  const to = Math.min(whole ? from : Infinity, Math.max(0, text.length - 1), prefix.length - before.length);
  for (let length = from; length <= to; length++) {
    const typed = text.slice(0, length);
    if (!prefix.endsWith(typed) || !prefix.startsWith(before, prefix.length - length - before.length)) continue;
    if (sameSuffix(asked, suffix, typed)) return typed;
  }
  return undefined;
}

/** Whether the text after the cursor is what it was, but for what the editor closed behind what was typed. */
export function sameSuffix(asked: string, suffix: string, typed: string): boolean {
  const same = (from: number): boolean =>
    suffix.startsWith(asked, from) && (asked.length >= AFTER || suffix.length === from + asked.length);
  const closed = OPENS.test(typed) ? (CLOSED.exec(suffix)?.[0].length ?? 0) : 0;
  for (let from = 0; from <= closed; from++) if (same(from)) return true;
  return false;
}
