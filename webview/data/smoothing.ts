import { Series } from './series.ts';

/**
 * An average reaches back over at most this share of a curve's points. Otherwise it would lag behind at the start of a short
 * run.
 */
const REACH = 1 / 20;

/**
 * Exponential moving average of a series, corrected for its start (as Adam's moments are, arXiv 1412.6980, section 3), so
 * that the first points are not drawn towards zero. It follows its source: `update` reads only new points, once the source is
 * long enough for the requested weight. Until then the weight grows with the source.
 */
export class Smoothed {
  readonly points = new Series();
  readonly #source: Series;
  #asked: number;
  /** the weight that the points so far were made with */
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

  /** Call it when the source loses its points from `length` on. */
  rewind(length: number): void {
    if (length >= this.points.length) return;
    this.points.truncate(length);
    // Compute the uncorrected average from the last smoothed value and the share of the start in it.
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
