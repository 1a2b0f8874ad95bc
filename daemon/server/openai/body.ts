import express from 'express';
import type { RequestHandler } from 'express';
import type { z } from 'zod';
import { firstProblem } from '../../protocol/problem.ts';
import type { Limits } from '../limits.ts';
import { ApiError } from './errors.ts';

/** Reads a body as JSON. What is wrong with it is passed on as an ApiError. */
export function jsonBody({ promptBytes }: Limits): RequestHandler {
  const read: RequestHandler = express.json({ limit: promptBytes });
  return (request, response, next) => {
    // Anything else is what a form of a web page can send without being asked about it first.
    if (!request.is('application/json'))
      return next(new ApiError(415, 'send a JSON object, with Content-Type: application/json'));
    return read(request, response, (error?: unknown) => {
      if (error === undefined) return next();
      const { status, type } = error as { status?: number; type?: string };
      if (type === 'entity.parse.failed') return next(new ApiError(400, 'the body is not valid JSON'));
      if (status === 413) return next(new ApiError(413, `a request has at most ${promptBytes} bytes`));
      return next(error);
    });
  };
}

/** A body as a schema has it; null means that a field is left out, as OpenAI has it. Throws ApiError 400 with the field that is wrong. */
export function checkedBody<S extends z.ZodType>(schema: S, body: unknown): z.output<S> {
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw new ApiError(400, 'the body is not a JSON object');
  const fields = Object.fromEntries(Object.entries(body).filter(([, value]) => value !== null));
  const parsed = schema.safeParse(fields);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  if (issue?.code === 'unrecognized_keys' && issue.path.length === 0) {
    const [key] = issue.keys;
    throw new ApiError(400, `Unrecognized request argument supplied: ${key!.slice(0, 100)}`, {
      param: key!.slice(0, 100),
    });
  }
  throw new ApiError(400, firstProblem(parsed.error), {
    param: issue?.path[0] === undefined ? null : String(issue.path[0]),
  });
}
