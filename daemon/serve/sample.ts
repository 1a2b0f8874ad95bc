import { seededRandom } from '../data/random.ts';
import { VeraError } from '../protocol/errors.ts';

export interface SampleOptions {
  /** 0 takes the most likely token. */
  readonly temperature: number;
  /** Only the fewest most likely tokens whose probabilities reach this sum (arXiv 1904.09751). */
  readonly topP?: number;
  /** Only this many most likely tokens. */
  readonly topK?: number;
  /** Only tokens with at least this share of the most likely token's probability (arXiv 2407.01082). */
  readonly minP?: number;
  readonly seed: number;
}

/**
 * Returns a function from the logits of the next token [vocabulary] to the chosen token. The same seed draws the same
 * tokens.
 */
export function sampler(options: SampleOptions): (logits: Float32Array) => number {
  const { temperature, topP = 1, topK = 0, minP = 0, seed } = options;
  check('temperature', temperature, temperature >= 0, 'a number of 0 or more');
  check('top-p', topP, topP > 0 && topP <= 1, 'above 0 and at most 1');
  check('top-k', topK, Number.isSafeInteger(topK) && topK >= 0, 'a whole number of 0 or more');
  check('min-p', minP, minP >= 0 && minP <= 1, 'from 0 to 1');
  if (temperature === 0 || topK === 1) return mostLikely;
  const random = seededRandom('sample', seed);
  return (logits) => draw(candidates(logits, { temperature, topP, topK, minP }), random());
}

function check(name: string, value: number, good: boolean, wanted: string): void {
  if (!good) throw new VeraError('usage', `${name} must be ${wanted}, not ${value}`);
}

/** The index of the largest logit; the first one of equal ones. */
export function mostLikely(logits: Float32Array): number {
  let best = 0;
  for (let i = 0; i < logits.length; i++) {
    if (Number.isNaN(logits[i]!)) {
      throw new VeraError(
        'numeric',
        `the logit of token ${i} is not a number; the adapter or the base holds values that are not finite`,
      );
    }
    if (logits[i]! > logits[best]!) best = i;
  }
  return best;
}

interface Candidates {
  readonly tokens: Uint32Array | number[];
  /** Not normalised; `total` is their sum. */
  readonly weights: Float64Array;
  readonly total: number;
}

type Limits = Required<Omit<SampleOptions, 'seed'>>;

/** The tokens that may be drawn, in an order that depends on the logits alone: temperature first, then min-p, top-k and top-p. */
function candidates(logits: Float32Array, { temperature, topP, topK, minP }: Limits): Candidates {
  const largest = logits[mostLikely(logits)]!;
  const weights = new Float64Array(logits.length);
  let total = 0;
  for (let i = 0; i < logits.length; i++) {
    const weight = Math.exp((logits[i]! - largest) / temperature);
    total += weights[i] = weight < minP ? 0 : weight;
  }
  if (topP === 1 && topK === 0) return { tokens: [], weights, total };

  // All tokens below this bound together have less than 1 - topP, so the ones to keep are among the rest: no need to sort all.
  const bound = topK > 0 ? 0 : ((1 - topP) * total) / logits.length;
  let tokens = Array.from(weights.keys()).filter((i) => weights[i]! >= bound);
  tokens.sort((a, b) => weights[b]! - weights[a]! || a - b);
  if (topK > 0) tokens = tokens.slice(0, topK);
  const kept = Float64Array.from(tokens, (i) => weights[i]!);
  const sum = topK > 0 ? kept.reduce((a, b) => a + b, 0) : total;
  let reached = 0;
  let count = 0;
  while (count < kept.length && (count === 0 || reached < topP * sum)) reached += kept[count++]!;
  return { tokens: tokens.slice(0, count), weights: kept.subarray(0, count), total: reached };
}

function draw({ tokens, weights, total }: Candidates, uniform: number): number {
  let left = uniform * total;
  let last = 0;
  for (let i = 0; i < weights.length; i++) {
    if (weights[i] === 0) continue;
    last = i;
    left -= weights[i]!;
    if (left < 0) break;
  }
  return tokens.length > 0 ? tokens[last]! : last;
}
