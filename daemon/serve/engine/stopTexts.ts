/** Ends a text before the first of some stop texts, also where one spans several pieces. */
export interface StopTexts {
  /** The part of the text so far that can be shown; `stop` is set once a stop text has come. */
  push(text: string): { readonly text: string; readonly stop?: string };
  /** What was held back, when no more text comes. */
  end(): string;
}

export function stopTexts(stops: readonly string[]): StopTexts {
  let held = '';
  return {
    push(text) {
      held += text;
      let first: { at: number; stop: string } | undefined;
      for (const stop of stops) {
        const at = held.indexOf(stop);
        if (at >= 0 && (first === undefined || at < first.at)) first = { at, stop };
      }
      if (first) {
        const shown = held.slice(0, first.at);
        held = '';
        return { text: shown, stop: first.stop };
      }
      const keep = Math.max(0, ...stops.map((stop) => overlap(held, stop)));
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
