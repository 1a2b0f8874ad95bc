import { ErrorCodes, ResponseError } from 'vscode-jsonrpc/node';
import type { Logger } from 'pino';
import { type ErrorCode, type ErrorFacts, factsOf, VeraError } from '../protocol/errors.ts';
import { type Method, REQUEST_CANCELLED } from '../protocol/method.ts';
import { firstProblem } from '../protocol/problem.ts';

/** JSON-RPC leaves -32000 to -32099 to servers: an error that a person is meant to read. */
const TOLD = -32_000;
const MAX_MESSAGE = 2000; // characters: an error names what was sent, which may be long

export type ErrorData = Omit<ErrorFacts, 'message'>;

/** What a client is told of something that was thrown. Whatever is not a VeraError is logged and kept to ourselves. */
export function responseError(error: unknown, log: Logger, where: string): ResponseError<ErrorData> {
  if (error instanceof ResponseError) return error as ResponseError<ErrorData>;
  if (error instanceof VeraError) {
    const { message, ...data } = factsOf(error);
    return new ResponseError(
      error.code === 'cancelled' ? REQUEST_CANCELLED : TOLD,
      message.slice(0, MAX_MESSAGE),
      data,
    );
  }
  log.error({ err: error, where }, 'unexpected error');
  return told(ErrorCodes.InternalError, `${where}: unexpected error, see the log of the daemon`, 'daemon');
}

/** Params as a method takes them. Throws ResponseError InvalidParams, with the first thing that is wrong. */
export function checkedParams(method: Method, params: unknown): unknown {
  const parsed = method.params.safeParse(params ?? {});
  if (parsed.success) return parsed.data;
  throw told(ErrorCodes.InvalidParams, `${method.name}: ${firstProblem(parsed.error)}`, 'usage');
}

/** A result as a method promises it, without anything it does not name. A wrong one is a mistake of ours: throws Error. */
export function checkedResult(method: Method, result: unknown): unknown {
  const parsed = method.result.safeParse(result);
  if (parsed.success) return parsed.data;
  throw new Error(`the result of ${method.name} breaks the protocol: ${firstProblem(parsed.error)}`);
}

export function told(code: number, message: string, kind: ErrorCode): ResponseError<ErrorData> {
  return new ResponseError(code, message.slice(0, MAX_MESSAGE), { code: kind });
}
