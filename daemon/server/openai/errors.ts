/** Errors in the shape that OpenAI's clients read: {error: {message, type, param, code}}. */
import { VeraError } from '../../protocol/errors.ts';
import { saysSchema } from '../../protocol/jsonSchema.ts';
import { saysTooLong, UNABLE } from '../../protocol/unable.ts';
import { HttpError } from '../httpError.ts';

export interface ErrorBody {
  readonly error: {
    readonly message: string;
    readonly type: string;
    /** The field of the request that is wrong. */
    readonly param: string | null;
    readonly code: string | null;
  };
}

/** An error for clients of these routes. */
export class ApiError extends Error {
  readonly status: number;
  readonly param: string | null;
  readonly code: string | null;

  constructor(
    status: number,
    message: string,
    { param = null, code = null }: { param?: string | null; code?: string | null } = {},
  ) {
    super(message);
    this.status = status;
    this.param = param;
    this.code = code;
  }

  get body(): ErrorBody {
    return errorBody(this.status, this.message, this);
  }
}

/** Whether a path answers in this shape, also where there is no such route. */
export const isOpenAiPath = (path: string): boolean => /^\/(v1(\/|$)|infill$)/.test(path);

/** The body of an error with an HTTP status. */
export function errorBody(
  status: number,
  message: string,
  { param, code }: Pick<ErrorBody['error'], 'param' | 'code'> = { param: null, code: CODES[status] ?? null },
): ErrorBody {
  const type = TYPES[status] ?? (status >= 500 ? 'server_error' : 'invalid_request_error');
  return { error: { message, type, param, code } };
}

const TYPES: Readonly<Record<number, string>> = { 403: 'permission_error', 429: 'rate_limit_error' };
const CODES: Readonly<Record<number, string>> = { 401: 'invalid_api_key', 404: 'not_found' };

/**
 * Any error as one of these routes' own. `prompt`: the field of the request that holds the prompt, which is the only one that is left to
 * be wrong once the body was checked. undefined: an unexpected error, for the log.
 */
export function apiErrorOf(error: unknown, prompt: string | null): ApiError | undefined {
  if (error instanceof ApiError) return error;
  if (error instanceof HttpError)
    return new ApiError(error.status, error.message, { code: CODES[error.status] ?? null });
  if (!(error instanceof VeraError)) return undefined;
  const { code, message } = error;
  switch (code) {
    case 'usage':
      return new ApiError(400, message, {
        param: saysSchema(message) ? 'response_format' : message === UNABLE.tools ? 'tools' : prompt,
        code: saysTooLong(message) ? 'context_length_exceeded' : null,
      });
    case 'missing':
    case 'model':
      return new ApiError(404, message, { param: 'model', code: 'model_not_found' });
    case 'conflict':
    case 'adapter':
      return new ApiError(400, message, { param: 'model' });
    default:
      return new ApiError(500, message);
  }
}
