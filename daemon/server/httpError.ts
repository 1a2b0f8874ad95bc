import type { ErrorCode } from '../protocol/errors.ts';

/** An error with an HTTP status of its own. */
export class HttpError extends Error {
  readonly status: number;
  readonly code: ErrorCode;

  constructor(status: number, code: ErrorCode, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}
