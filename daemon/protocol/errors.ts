/** What kind of thing went wrong; decides the exit code of the CLI and how an interface shows it. */
export const ERROR_CODES = [
  'usage', // the command or its options are wrong
  'data', // a dataset is wrong
  'model', // a base model is wrong or unsupported
  'adapter', // an adapter is wrong or belongs to another base
  'format', // a file does not follow its format
  'io', // the disk or network refused
  'numeric', // a loss that is not finite
  'runtime', // onnxruntime or a worker failed
  'missing', // no such job, adapter, project...
  'conflict', // a name is taken, or the state of a thing does not allow what was asked
  'dependents', // others depend on what is to be deleted, and nobody confirmed
  'catalog', // the catalog is damaged, or newer than this program
  'daemon', // the daemon cannot be started, reached, or speaks another protocol
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

/** An error a person is meant to read: one line that says what is wrong, where, and what to do. */
export class VeraError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'VeraError';
    this.code = code;
  }
}

const NO_MEMORY = /bad_alloc|failed to allocate memory|array buffer allocation failed|cannot allocate memory/i; // onnxruntime, V8, the system

/** Where memory has run out, in words; undefined of any other error. */
export function memoryError(error: unknown): VeraError | undefined {
  if (!(error instanceof Error) || !NO_MEMORY.test(error.message)) return undefined;
  const message =
    'there was not enough memory: close other programs, or take a smaller batch, length or base model, then try again';
  return new VeraError('runtime', message, { cause: error });
}
