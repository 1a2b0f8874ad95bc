import express from 'express';
import type { ErrorRequestHandler, Express, RequestHandler } from 'express';
import { VeraError } from '../protocol/errors.ts';
import type { ErrorCode } from '../protocol/errors.ts';
import type { Admission } from './authentication.ts';
import type { Daemon } from './context.ts';
import { HttpError } from './httpError.ts';
import type { Metrics } from './metrics.ts';
import { apiErrorOf, errorBody, isOpenAiPath } from './openai/errors.ts';
import { openAiRoutes } from './openai/routes.ts';
import { downloads } from './routes/downloads.ts';
import { status } from './routes/status.ts';
import { uploads } from './routes/uploads.ts';

/** HTTP statuses of errors for people; all others are 400. */
const STATUS: Partial<Record<ErrorCode, number>> = {
  missing: 404,
  conflict: 409,
  dependents: 409,
  io: 507,
  catalog: 500,
  runtime: 500,
  daemon: 503,
};

/** Seconds until a client that was one too many may come again: answers take about as long. */
const RETRY_AFTER_S = 1;

/** The HTTP server: every route is behind the same admission, and has a file in routes/. None is meant for browsers. */
export function httpApp(daemon: Daemon, metrics: Metrics, admit: Admission): Express {
  const app = express();
  app.disable('x-powered-by').disable('etag').enable('strict routing').enable('case sensitive routing');
  app.use(guard(admit));
  status(app, daemon, metrics);
  uploads(app, daemon);
  downloads(app, daemon);
  openAiRoutes(app, daemon);
  app.use((_request, _response, next) => next(new HttpError(404, 'missing', 'there is nothing here')));
  app.use(failure(daemon));
  return app;
}

function guard(admit: Admission): RequestHandler {
  return (request, response, next) => {
    response.set({
      'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
      'Cross-Origin-Resource-Policy': 'same-origin',
      'X-Content-Type-Options': 'nosniff',
      'Cache-Control': 'no-store',
    });
    const refusal = admit(request);
    if (refusal === undefined) return next();
    // Close the connection with the answer, so that the body of a stranger is never read.
    response.status(refusal.status).set('Connection', 'close');
    if (refusal.status === 401) response.set('WWW-Authenticate', 'Bearer');
    const { status, message } = refusal;
    response.json(isOpenAiPath(request.path) ? errorBody(status, message) : { error: { code: 'daemon', message } });
  };
}

function failure({ log }: Daemon): ErrorRequestHandler {
  // Express knows a handler of errors by its four parameters.
  return (error: unknown, request, response, _next) => {
    const { status, code, message } = explained(error);
    // Log the path without its query, which may hold anything.
    if (status === 500 && !(error instanceof VeraError))
      log.error({ err: error, path: request.path }, 'unexpected error');
    if (response.headersSent) return void response.destroy();
    if (isOpenAiPath(request.path)) {
      const told = apiErrorOf(error, null);
      // OpenAI's clients wait that long, and then try again by themselves.
      if (told?.status === 429) response.set('Retry-After', String(RETRY_AFTER_S));
      return void response.status(told?.status ?? status).json(told?.body ?? errorBody(status, message));
    }
    response.status(status).set('Connection', 'close').json({ error: { code, message } });
  };
}

function explained(error: unknown): { status: number; code: ErrorCode; message: string } {
  if (error instanceof HttpError) return error;
  if (error instanceof VeraError)
    return { status: STATUS[error.code] ?? 400, code: error.code, message: error.message };
  // express itself refuses an address that it cannot decode.
  const status = (error as { status?: unknown } | null)?.status;
  if (typeof status === 'number' && status >= 400 && status < 500)
    return { status, code: 'usage', message: 'the request is malformed' };
  return { status: 500, code: 'daemon', message: 'unexpected error, see the log of the daemon' };
}
