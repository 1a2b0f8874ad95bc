/** So many interactive requests go first before one of the background does, where both wait. */
const SHARE = 4;

/** Requests that wait for a row. Interactive ones go first, but background ones are never starved. */
export class FairQueue<T> {
  readonly #interactive: T[] = [];
  readonly #background: T[] = [];
  #passed = 0;

  get size(): number {
    return this.#interactive.length + this.#background.length;
  }

  add(item: T, priority: 'interactive' | 'background'): void {
    (priority === 'interactive' ? this.#interactive : this.#background).push(item);
  }

  /** Takes the next one; undefined where nobody waits. */
  next(): T | undefined {
    const background = this.#background.length > 0 && (this.#interactive.length === 0 || this.#passed >= SHARE);
    this.#passed = background || this.#background.length === 0 ? 0 : this.#passed + 1;
    return (background ? this.#background : this.#interactive).shift();
  }

  /** Takes out all that are of a kind. */
  remove(which: (item: T) => boolean): T[] {
    return [this.#interactive, this.#background].flatMap((list) => {
      const gone = list.filter(which);
      const kept = list.filter((item) => !which(item));
      list.splice(0, list.length, ...kept);
      return gone;
    });
  }
}
