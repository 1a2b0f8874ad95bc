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
  'cancelled', // whoever asked no longer wants the answer
  'daemon', // the daemon cannot be started, reached, or speaks another protocol
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

/** Remedies that need nothing more to be known. */
export const REMEDIES = [
  'startDaemon',
  'stopDaemon',
  'stopDaemonNow',
  'restartDaemon',
  'readDaemonLog',
  'evaluateAdapter',
  'importAdapter',
  'giveHubToken',
  'chooseStateFolder',
] as const;

/**
 * What a person can do about an error. The message names no command: the command line adds the one for it, and VS Code offers
 * an action of its own.
 */
export type Remedy =
  /** Resume the run in this folder, with another learning rate where one is given. */
  | { readonly do: 'resume'; readonly folder: string; readonly lr?: number | undefined }
  /** Give this setting this value. `label`: the value in words. */
  | { readonly do: 'set'; readonly setting: string; readonly value: string; readonly label: string }
  /** Say which of these columns of the data are the question and the answer. `likely`: a value of the setting that may be right. */
  | { readonly do: 'mapColumns'; readonly columns: readonly DataColumn[]; readonly likely?: string | undefined }
  | { readonly do: (typeof REMEDIES)[number] };

/** A column of a dataset, with what stands in it. */
export interface DataColumn {
  readonly name: string;
  readonly example: string;
}

/** What an error says, as plain JSON: it travels between processes and is kept with a failed job. */
export interface ErrorFacts {
  readonly code: ErrorCode;
  readonly message: string;
  /** Names of the settings that are wrong, or that would help. */
  readonly settings?: readonly string[] | undefined;
  readonly remedy?: Remedy | undefined;
}

/** An error a person is meant to read: one line that says what is wrong, where, and what to do. */
export class VeraError extends Error {
  readonly code: ErrorCode;
  readonly settings: readonly string[] | undefined;
  readonly remedy: Remedy | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    options: { cause?: unknown; settings?: readonly string[]; remedy?: Remedy } = {},
  ) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.name = 'VeraError';
    this.code = code;
    this.settings = options.settings;
    this.remedy = options.remedy;
  }
}

export const factsOf = ({ code, message, settings, remedy }: VeraError): ErrorFacts => ({
  code,
  message,
  ...(settings === undefined ? {} : { settings: [...settings] }),
  ...(remedy === undefined ? {} : { remedy }),
});

/** The error that another process told. */
export const errorOfFacts = ({ code, message, settings, remedy }: ErrorFacts): VeraError =>
  new VeraError(code, message, {
    ...(settings === undefined ? {} : { settings }),
    ...(remedy === undefined ? {} : { remedy }),
  });

const NO_MEMORY = /bad_alloc|failed to allocate memory|array buffer allocation failed|cannot allocate memory/i; // onnxruntime, V8, the system

/** Where memory has run out, in words; undefined of any other error. */
export function memoryError(error: unknown): VeraError | undefined {
  if (!(error instanceof Error) || !NO_MEMORY.test(error.message)) return undefined;
  const message =
    'there was not enough memory: close other programs, or take a smaller batch, length or base model, then try again';
  return new VeraError('runtime', message, { cause: error });
}
