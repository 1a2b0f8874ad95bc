/** The growing points of one curve, by step. It keeps the least and greatest value per block, so a chart reads few points. */
const BLOCK = 64; // points; a chart of a million points in a thousand pixels then reads sixteen blocks per pixel

export class Series {
  #steps = new Float64Array(256);
  #values = new Float64Array(256);
  #least = new Float64Array(4);
  #greatest = new Float64Array(4);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  step(index: number): number {
    return this.#steps[index]!;
  }

  value(index: number): number {
    return this.#values[index]!;
  }

  /**
   * Adds a point. Steps come in rising order. A step that is known, or lies before the last, removes itself and all points
   * after it.
   */
  append(step: number, value: number): void {
    if (this.#length > 0 && step <= this.#steps[this.#length - 1]!) this.truncate(this.firstAt(step));
    const index = this.#length++;
    if (index === this.#steps.length) this.#grow();
    this.#steps[index] = step;
    this.#values[index] = value;
    const block = Math.floor(index / BLOCK);
    const first = index % BLOCK === 0;
    this.#least[block] = first ? value : Math.min(this.#least[block]!, value);
    this.#greatest[block] = first ? value : Math.max(this.#greatest[block]!, value);
  }

  /** Keeps the first `length` points. */
  truncate(length: number): void {
    if (length >= this.#length) return;
    this.#length = length;
    const block = Math.floor(length / BLOCK);
    const [least, greatest] = this.#scan(block * BLOCK, length);
    this.#least[block] = least;
    this.#greatest[block] = greatest;
  }

  /** Index of the first point at `step` or after it; the length if there is none. */
  firstAt(step: number): number {
    let [low, high] = [0, this.#length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#steps[middle]! < step) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Index of the point whose step is closest; -1 for an empty series. */
  nearest(step: number): number {
    const after = this.firstAt(step);
    if (after === 0) return this.#length === 0 ? -1 : 0;
    if (after === this.#length) return after - 1;
    return this.#steps[after]! - step < step - this.#steps[after - 1]! ? after : after - 1;
  }

  /** The value closest to a step; of the last point if the step is null; undefined beyond either end of the curve. */
  at(step: number | null): number | undefined {
    if (this.#length === 0) return undefined;
    if (step === null) return this.#values[this.#length - 1];
    if (step < this.#steps[0]! || step > this.#steps[this.#length - 1]!) return undefined;
    return this.#values[this.nearest(step)];
  }

  /** Least and greatest value of the points from `start` up to `end`; [Infinity, -Infinity] if there are none. */
  range(start: number, end: number): [least: number, greatest: number] {
    const [first, last] = [Math.ceil(start / BLOCK), Math.floor(end / BLOCK)];
    if (first >= last) return this.#scan(start, end);
    let [least, greatest] = this.#scan(start, first * BLOCK);
    for (let block = first; block < last; block++) {
      least = Math.min(least, this.#least[block]!);
      greatest = Math.max(greatest, this.#greatest[block]!);
    }
    const [restLeast, restGreatest] = this.#scan(last * BLOCK, end);
    return [Math.min(least, restLeast), Math.max(greatest, restGreatest)];
  }

  #scan(start: number, end: number): [number, number] {
    let [least, greatest] = [Infinity, -Infinity];
    for (let i = start; i < end; i++) {
      // As for whole blocks: -0 is less than 0.
      least = Math.min(least, this.#values[i]!);
      greatest = Math.max(greatest, this.#values[i]!);
    }
    return [least, greatest];
  }

  #grow(): void {
    const twice = (old: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> => {
      const larger = new Float64Array(old.length * 2);
      larger.set(old);
      return larger;
    };
    this.#steps = twice(this.#steps);
    this.#values = twice(this.#values);
    this.#least = twice(this.#least);
    this.#greatest = twice(this.#greatest);
  }
}
