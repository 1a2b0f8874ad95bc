import { element, setText } from '../dom.ts';

/** Shortest time between two announcements of progress. */
const PAUSE = 30_000; // milliseconds

/**
 * Announces to screen readers when the state of a run changes, and its progress in tenths, at most every half minute.
 * Errors are separate alerts.
 */
export class Announcer {
  readonly root = element('div', { role: 'status', class: 'visually-hidden' });
  #tenth = -1;
  #toldAt = -Infinity;

  say(text: string): void {
    setText(this.root, text);
  }

  progress(title: string, fraction: number | undefined): void {
    if (fraction === undefined) return;
    const tenth = Math.floor(fraction * 10);
    const now = performance.now();
    if (tenth <= this.#tenth && tenth !== 0) return;
    if (now - this.#toldAt < PAUSE) return;
    this.#tenth = tenth;
    this.#toldAt = now;
    if (tenth > 0) this.say(`${title}: ${tenth * 10} percent`);
  }
}
