export interface AdamOptions {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
}

export const ADAM_DEFAULTS: AdamOptions = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };

/** A range of the trainable vector with its own learning rate and weight decay. */
export interface Group {
  readonly start: number;
  readonly end: number;
  readonly rate: number;
  readonly decay: number;
}

/**
 * AdamW (arXiv 1711.05101): Adam with bias correction (arXiv 1412.6980) and decoupled weight decay, on one flat vector.
 * The arithmetic is float64, the moments are kept in float32.
 */
export class AdamW {
  readonly mean: Float32Array;
  readonly variance: Float32Array;
  /** Number of steps so far. */
  count = 0;
  readonly #options: AdamOptions;

  constructor(size: number, options: AdamOptions = ADAM_DEFAULTS) {
    this.mean = new Float32Array(size);
    this.variance = new Float32Array(size);
    this.#options = options;
  }

  /**
   * Takes one step, in place. theta, gradient: [size]. Each element belongs to at most one group; elements of no group stay.
   */
  step(theta: Float32Array, gradient: Float32Array, groups: readonly Group[]): void {
    const { beta1, beta2, epsilon } = this.#options;
    this.count += 1;
    const correction1 = 1 - beta1 ** this.count;
    const correction2 = Math.sqrt(1 - beta2 ** this.count);
    const { mean, variance } = this;
    for (const { start, end, rate, decay } of groups) {
      const size = rate / correction1;
      const keep = 1 - rate * decay;
      for (let i = start; i < end; i++) {
        const g = gradient[i] as number;
        const m = beta1 * (mean[i] as number) + (1 - beta1) * g;
        const v = beta2 * (variance[i] as number) + (1 - beta2) * g * g;
        mean[i] = m;
        variance[i] = v;
        theta[i] = keep * (theta[i] as number) - (size * m) / (Math.sqrt(v) / correction2 + epsilon);
      }
    }
  }
}

/** Scales a gradient in place so that its Euclidean norm is at most `largest`. Returns the norm before. */
export function clip(gradient: Float32Array, largest: number): number {
  let sum = 0;
  for (const g of gradient) sum += g * g;
  const norm = Math.sqrt(sum);
  if (norm > largest) {
    const scale = largest / norm;
    for (let i = 0; i < gradient.length; i++) gradient[i] = (gradient[i] as number) * scale;
  }
  return norm;
}
