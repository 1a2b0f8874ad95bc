import { element, setText } from '../dom.ts';

/** How often progress is told at most. */
const PAUSE = 30_000; // milliseconds

/**
 * What a screen reader is told without being asked: that a run's state changed, and progress by tenths, never more often than
 * every half minute. Errors are alerts of their own.
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
