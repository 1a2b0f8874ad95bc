import { once } from 'node:events';
import type { Request, Response } from 'express';
import type { ServedModel } from '../../catalog/served.ts';
import type { ChosenToken, EndPiece, GenerationRequest, Piece, TextPiece } from '../../serve/engine/request.ts';
import type { Daemon } from '../context.ts';
import { tooMany } from '../tooMany.ts';
import { ApiError, apiErrorOf } from './errors.ts';
import { merged } from './merged.ts';

/** One whole answer. */
export interface Answer {
  readonly text: string;
  readonly logprobs: readonly ChosenToken[];
  readonly end: EndPiece;
}

/** How a route writes what the engine gives. */
export interface Format {
  /** The body of an answer that is not streamed. */
  whole(answers: readonly Answer[]): object;
  /** What is streamed before the first text. */
  opening?(): object[];
  /** A part of an answer; undefined where there is nothing to send. */
  part(index: number, piece: TextPiece): object | undefined;
  /** The end of an answer. */
  closing(index: number, end: EndPiece): object;
  /** What is streamed after the last answer: the usage, say. */
  last?(ends: readonly EndPiece[]): object[];
  /** The stream ends with `[DONE]`. */
  readonly done: boolean;
}

export interface Asked {
  readonly model: ServedModel;
  /** One for each answer. */
  readonly requests: readonly GenerationRequest[];
  readonly stream: boolean;
  /** The field that holds the prompt, for errors. */
  readonly prompt: string;
  readonly format: Format;
}

/** Answers with what the engine generates, streamed or whole. A client that goes away ends its requests. Throws ApiError and VeraError. */
export async function respond(daemon: Daemon, request: Request, response: Response, asked: Asked): Promise<void> {
  const { limits, engines, log } = daemon;
  const { model, requests, stream, prompt, format } = asked;
  const refusal = tooMany(daemon, requests.length);
  if (refusal !== undefined) throw new ApiError(429, refusal, { code: 'queue_full' });
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  request.socket.setTimeout(0); // a model may think for longer than a silent connection may last
  const adapter = model.adapter?.hash;
  const sources = requests.map((one) => engines.submit(model.base, { ...one, adapter }, gone.signal));
  try {
    const pieces = merged(sources);
    if (stream) await send(response, gone.signal, pieces, { requests: requests.length, format });
    else response.json(format.whole(await collected(pieces, requests.length)));
  } catch (error) {
    if (response.destroyed) return; // nobody is there to be told
    const told = apiErrorOf(error, prompt);
    if (told === undefined || told.status >= 500) log.error({ err: error, path: request.path }, 'generation failed');
    if (!response.headersSent) throw told ?? error;
    // The status is out already: clients read an error of the stream itself.
    response.end(eventOf((told ?? new ApiError(500, 'unexpected error, see the log of the daemon')).body));
  } finally {
    gone.abort(); // the answers of a request that failed end together
    request.socket.setTimeout(limits.silenceMs);
  }
}

const eventOf = (data: object): string => `data: ${JSON.stringify(data)}\n\n`;

async function send(
  response: Response,
  gone: AbortSignal,
  pieces: AsyncGenerator<{ index: number; value: Piece }>,
  { requests, format }: { requests: number; format: Format },
): Promise<void> {
  const ends: EndPiece[] = [];
  const write = async (data: object | undefined): Promise<void> => {
    if (data === undefined || gone.aborted) return;
    // A client that reads slowly slows its own answer down.
    if (!response.write(eventOf(data))) await once(response, 'drain', { signal: gone });
  };
  for await (const { index, value } of pieces) {
    if (!response.headersSent) {
      // Only now is it certain that there is an answer: errors before have their own status.
      response.writeHead(200, { 'Content-Type': 'text/event-stream; charset=utf-8', 'X-Accel-Buffering': 'no' });
      for (const one of format.opening?.() ?? []) await write(one);
    }
    if (value.type === 'text') await write(format.part(index, value));
    else {
      ends[index] = value;
      await write(format.closing(index, value));
    }
  }
  if (gone.aborted) return;
  if (Object.keys(ends).length < requests) throw new Error('the engine gave no end');
  for (const one of format.last?.(ends) ?? []) await write(one);
  response.end(format.done ? 'data: [DONE]\n\n' : undefined);
}

async function collected(pieces: AsyncGenerator<{ index: number; value: Piece }>, requests: number): Promise<Answer[]> {
  const texts = Array.from({ length: requests }, () => '');
  const logprobs: ChosenToken[][] = texts.map(() => []);
  const ends: EndPiece[] = [];
  for await (const { index, value } of pieces) {
    if (value.type === 'end') ends[index] = value;
    else {
      texts[index] += value.text;
      logprobs[index]!.push(...(value.logprobs ?? []));
    }
  }
  return texts.map((text, i) => ({ text, logprobs: logprobs[i]!, end: ends[i]! }));
}

/** OpenAI has two reasons: a time that is over is a length that was reached. */
export const finishReason = ({ reason }: EndPiece): 'stop' | 'length' => (reason === 'stop' ? 'stop' : 'length');

/** Tokens of all answers. Answers to one prompt share it: `n` of them read it once. */
export function usageOf(ends: readonly EndPiece[], n: number): object {
  const sum = (of: (end: EndPiece) => number, list = ends): number => list.reduce((total, end) => total + of(end), 0);
  const firsts = ends.filter((_, i) => i % n === 0);
  const prompt = sum(({ usage }) => usage.promptTokens, firsts);
  const answer = sum(({ usage }) => usage.answerTokens);
  return {
    prompt_tokens: prompt,
    completion_tokens: answer,
    total_tokens: prompt + answer,
    prompt_tokens_details: { cached_tokens: sum(({ usage }) => usage.cachedTokens, firsts) },
  };
}
