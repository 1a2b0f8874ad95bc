import { ErrorCodes, ResponseError } from 'vscode-jsonrpc/node';
import type { Logger } from 'pino';
import { type ErrorCode, type ErrorFacts, factsOf, VeraError } from '../protocol/errors.ts';
import { type Method, REQUEST_CANCELLED } from '../protocol/method.ts';
import { firstProblem } from '../protocol/problem.ts';

/** JSON-RPC leaves -32000 to -32099 to servers. This code is an error for people. */
const FOR_PEOPLE = -32_000;
const MAX_MESSAGE = 2000; // characters: an error names what was sent, which may be long

export type ErrorData = Omit<ErrorFacts, 'message'>;

/** The answer for an error. The message of an error that is not a VeraError is only logged. */
export function responseError(error: unknown, log: Logger, where: string): ResponseError<ErrorData> {
  if (error instanceof ResponseError) return error as ResponseError<ErrorData>;
  if (error instanceof VeraError) {
    const { message, ...data } = factsOf(error);
    return new ResponseError(
      error.code === 'cancelled' ? REQUEST_CANCELLED : FOR_PEOPLE,
      message.slice(0, MAX_MESSAGE),
      data,
    );
  }
  log.error({ err: error, where }, 'unexpected error');
  return errorAnswer(ErrorCodes.InternalError, `${where}: unexpected error, see the log of the daemon`, 'daemon');
}

/** Params as a method expects them. Throws ResponseError InvalidParams, with the first problem. */
export function checkedParams(method: Method, params: unknown): unknown {
  const parsed = method.params.safeParse(params ?? {});
  if (parsed.success) return parsed.data;
  throw errorAnswer(ErrorCodes.InvalidParams, `${method.name}: ${firstProblem(parsed.error)}`, 'usage');
}

/** A result as the protocol defines it, without any other field. Throws Error where it is wrong, which is a bug of the daemon. */
export function checkedResult(method: Method, result: unknown): unknown {
  const parsed = method.result.safeParse(result);
  if (parsed.success) return parsed.data;
  throw new Error(`the result of ${method.name} breaks the protocol: ${firstProblem(parsed.error)}`);
}

export function errorAnswer(code: number, message: string, kind: ErrorCode): ResponseError<ErrorData> {
  return new ResponseError(code, message.slice(0, MAX_MESSAGE), { code: kind });
}
