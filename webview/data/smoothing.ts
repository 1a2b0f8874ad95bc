import { Series } from './series.ts';

/** Of a curve's points, which share an average reaches back over at most: a short run's would lag behind its start else. */
const REACH = 1 / 20;

/**
 * Exponential moving average of a series, corrected for its start (as Adam's moments are, arXiv 1412.6980, section 3), so
 * that the first points are not drawn towards zero. It follows its source: `update` looks only at what came since, once
 * the source is long enough for the weight that was asked for; until then the weight grows with it.
 */
export class Smoothed {
  readonly points = new Series();
  readonly #source: Series;
  #asked: number;
  /** what the points so far were made with */
  #weight: number;
  #mean = 0;
  #share = 1;

  constructor(source: Series, weight: number) {
    this.#source = source;
    this.#asked = this.#weight = weight;
  }

  set weight(weight: number) {
    this.#asked = weight;
    this.update();
  }

  /** To be called when the source loses its points from `length` on. */
  rewind(length: number): void {
    if (length >= this.points.length) return;
    this.points.truncate(length);
    // What was averaged follows from the last smoothed value and the share of the start in it.
    this.#share = this.#weight ** length;
    this.#mean = length === 0 ? 0 : this.points.value(length - 1) * (1 - this.#share);
  }

  update(): void {
    const weight = Math.min(this.#asked, Math.max(0, 1 - 1 / (REACH * this.#source.length)));
    if (weight !== this.#weight) {
      this.rewind(0);
      [this.#weight, this.#mean, this.#share] = [weight, 0, 1];
    }
    for (let i = this.points.length; i < this.#source.length; i++) {
      this.#mean = this.#weight * this.#mean + (1 - this.#weight) * this.#source.value(i);
      this.#share *= this.#weight;
      this.points.append(this.#source.step(i), this.#mean / (1 - this.#share));
    }
  }
}
