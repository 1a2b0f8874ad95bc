/** The engine in its own process, as the daemon runs it, and what is timed of its answers. */
import type { EngineClient } from '../../../daemon/serve/engine/client.ts';
import type { EndPiece, GenerationRequest } from '../../../daemon/serve/engine/request.ts';

export interface Timed {
  /** Milliseconds from the request at which each token came. */
  readonly times: readonly number[];
  readonly end: EndPiece;
}

export async function timed(engine: EngineClient, request: GenerationRequest): Promise<Timed> {
  const start = performance.now();
  const times: number[] = [];
  for await (const piece of engine.submit({ ignoreEnd: true, ...request })) {
    if (piece.type === 'end') return { times, end: piece };
    for (const _ of piece.tokens) times.push(performance.now() - start);
  }
  throw new Error('the answer has no end');
}

/** Tokens per second of one answer after its first token. */
export const decodeRate = (times: readonly number[]): number =>
  ((times.length - 1) * 1000) / (times.at(-1)! - times[0]!);

/** Tokens per second of all answers, while all of them generate: from the last one's first token to the first one's last. */
export function crowdRate(answers: readonly (readonly number[])[]): number {
  const from = Math.max(...answers.map((times) => times[0]!));
  const to = Math.min(...answers.map((times) => times.at(-1)!));
  const count = answers.flat().filter((time) => time > from && time <= to).length;
  return (count * 1000) / (to - from);
}

/** Tokens per second of all answers from the requests to the end, prompts included. */
export const wholeRate = (answers: readonly (readonly number[])[]): number =>
  (answers.flat().length * 1000) / Math.max(...answers.map((times) => times.at(-1)!));
