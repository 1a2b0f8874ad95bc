/** Ends a text before a stop text, also where that spans several pieces. Of several, the one that is complete first counts. */
export interface StopTexts {
  /** The part of the text so far that can be shown; `stop` is set once a stop text has come. */
  push(text: string): { readonly text: string; readonly stop?: string };
  /** What was held back, when no more text comes. */
  end(): string;
}

export function stopTexts(stops: readonly string[]): StopTexts {
  const longestFirst = stops.toSorted((a, b) => b.length - a.length);
  /** The end of the text, which may be the beginning of a stop text. */
  let held = '';
  return {
    push(text) {
      if (stops.length === 0) return { text };
      for (let i = 0; i < text.length; i++) {
        held += text[i];
        const stop = longestFirst.find((one) => held.endsWith(one));
        if (stop === undefined) continue;
        const shown = held.slice(0, -stop.length);
        held = '';
        return { text: shown, stop };
      }
      const keep = Math.max(...stops.map((stop) => overlap(held, stop)));
      const shown = held.slice(0, held.length - keep);
      held = held.slice(held.length - keep);
      return { text: shown };
    },
    end() {
      const rest = held;
      held = '';
      return rest;
    },
  };
}

/** The length of the longest end of a text that is the beginning of `stop`. */
function overlap(text: string, stop: string): number {
  for (let size = Math.min(text.length, stop.length - 1); size > 0; size--)
    if (text.endsWith(stop.slice(0, size))) return size;
  return 0;
}
