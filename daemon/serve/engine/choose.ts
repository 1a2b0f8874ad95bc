import { VeraError } from '../../protocol/errors.ts';
import { sampler } from '../sample.ts';
import type { ChosenToken, Sampling, TokenLogprob } from './request.ts';

/** Chooses the next token of one answer. The answer alone decides, and each token takes one random number. */
export interface Chooser {
  /** logits: [vocabulary] of the next token, which stay as they are; tokens: prompt and answer so far; answer: where the answer begins. */
  choose(logits: Float32Array, tokens: readonly number[], answer: number): number;
}

/** Throws VeraError 'usage' for a setting that is out of range. */
export function chooser(sampling: Sampling, vocabulary: number): Chooser {
  const { repetitionPenalty, presencePenalty, frequencyPenalty, logitBias } = sampling;
  const draw = sampler(sampling);
  check('repetition penalty', repetitionPenalty, repetitionPenalty > 0 && Number.isFinite(repetitionPenalty));
  check('presence penalty', presencePenalty, Number.isFinite(presencePenalty));
  check('frequency penalty', frequencyPenalty, Number.isFinite(frequencyPenalty));
  for (const [token, bias] of logitBias) {
    if (!Number.isInteger(token) || token < 0 || token >= vocabulary)
      throw new VeraError('usage', `logit bias: token ${token} is outside the vocabulary of ${vocabulary}`);
    check('logit bias', bias, !Number.isNaN(bias));
  }
  const plain = repetitionPenalty === 1 && presencePenalty === 0 && frequencyPenalty === 0 && logitBias.length === 0;
  return {
    choose(logits, tokens, answer) {
      if (plain) return draw(logits);
      const changed = logits.slice();
      for (const [token, bias] of logitBias) changed[token]! += bias;
      if (repetitionPenalty !== 1)
        for (const token of new Set(tokens)) {
          const value = changed[token]!;
          changed[token] = value > 0 ? value / repetitionPenalty : value * repetitionPenalty;
        }
      if (presencePenalty !== 0 || frequencyPenalty !== 0) {
        const counts = new Map<number, number>();
        for (const token of tokens.slice(answer)) counts.set(token, (counts.get(token) ?? 0) + 1);
        for (const [token, count] of counts) changed[token]! -= presencePenalty + frequencyPenalty * count;
      }
      return draw(changed);
    },
  };
}

function check(name: string, value: number, good: boolean): void {
  if (!good) throw new VeraError('usage', `${name} cannot be ${value}`);
}

/** The log-probabilities of a token and of the `count` most likely ones. logits: [vocabulary]. */
export function logprobsOf(
  logits: Float32Array,
  token: number,
  count: number,
  textOf: (token: number) => string,
): ChosenToken {
  let largest = -Infinity;
  for (const value of logits) if (value > largest) largest = value;
  let sum = 0;
  for (const value of logits) sum += Math.exp(value - largest);
  const total = largest + Math.log(sum);
  const entry = (id: number): TokenLogprob => ({ token: id, text: textOf(id), logprob: logits[id]! - total });
  const top: number[] = [];
  for (let id = 0; id < logits.length && count > 0; id++) {
    if (top.length === count && logits[id]! <= logits[top.at(-1)!]!) continue;
    const at = top.findIndex((other) => logits[id]! > logits[other]!);
    top.splice(at < 0 ? top.length : at, 0, id);
    if (top.length > count) top.pop();
  }
  return { ...entry(token), top: top.map(entry) };
}
