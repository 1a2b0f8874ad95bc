import { CommanderError } from 'commander';
import { veraHome } from '../home.ts';
import { type ErrorCode, type ErrorFacts, memoryError, VeraError } from '../protocol/errors.ts';
import { commandFor } from './remedies.ts';

/** Exit codes of `vera`, as its help lists them. */
const EXIT_CODES: Readonly<Record<ErrorCode | 'unexpected' | 'interrupted', number>> = {
  unexpected: 1,
  usage: 2,
  data: 3,
  model: 4,
  adapter: 5,
  format: 6,
  io: 7,
  numeric: 8,
  runtime: 9,
  missing: 10,
  conflict: 11,
  dependents: 12,
  catalog: 13,
  daemon: 14,
  cancelled: 15,
  interrupted: 130,
};

/** An error for a person (`message`), a script (`code`, one word) and a shell (`exitCode`). */
export interface Failure {
  code: keyof typeof EXIT_CODES;
  /** One line. */
  message: string;
  exitCode: number;
}

/** The flag of the running command that gives a setting, by the setting's name; undefined where it has none. */
export type FlagOf = (name: string) => string | undefined;

/** The failure that an error stands for; undefined if it is none (help or the version was printed). */
export function failureOf(error: unknown, flagOf: FlagOf = () => undefined): Failure | undefined {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return undefined;
    const message = oneLine(error.message)
      .replace(/^error: /, '')
      .replace(/^command-argument value/, 'the value')
      .replace(/ is invalid( for argument '.*')?\. it must/, ' is invalid$1: it must');
    return failure('usage', error.code === 'commander.help' ? 'no command given; the help above lists them' : message);
  }
  if (error instanceof VeraError) return failure(error.code, messageOf(withPlace(error), flagOf));
  if (error instanceof Error) {
    if (error.name === 'AbortError') return failure('interrupted', 'interrupted');
    const memory = memoryError(error);
    if (memory !== undefined) return failure(memory.code, memory.message);
    // A system call that the code around it did not explain, such as a full disk.
    if ('syscall' in error && 'code' in error) return failure('io', error.message);
    return failure('unexpected', `unexpected error: ${error.message} (--verbose shows where it happened)`);
  }
  return failure('unexpected', `unexpected error: ${String(error)}`);
}

/** A file of the state folder that cannot be written is cured by another state folder. */
const withPlace = ({
  code,
  message,
  settings,
  remedy,
}: VeraError): Pick<ErrorFacts, 'message' | 'settings' | 'remedy'> =>
  code === 'io' && remedy === undefined && message.startsWith('cannot write') && message.includes(veraHome())
    ? { message: `${message}; choose another state folder`, settings, remedy: { do: 'chooseStateFolder' } }
    : { message, settings, remedy };

/** A message with what the command line adds to it: the flags of the settings it is about, and the command that helps. */
export function messageOf(
  { message, settings = [], remedy }: Pick<ErrorFacts, 'message' | 'settings' | 'remedy'>,
  flagOf: FlagOf = () => undefined,
): string {
  const flags = settings.flatMap((name) => flagOf(name) ?? []);
  const named = flags.length === 0 ? message : `${message} (${flags.join(', ')})`;
  return remedy === undefined ? named : `${named}: ${commandFor(remedy)}`;
}

const failure = (code: Failure['code'], message: string): Failure => ({
  code,
  message: oneLine(message),
  exitCode: EXIT_CODES[code],
});

const oneLine = (text: string): string => text.trim().replace(/\s*[\r\n]+\s*/g, ' ');

/** For the end of `vera --help`. */
export const EXIT_CODE_HELP = `Exit codes: 0 done, ${Object.entries(EXIT_CODES)
  .map(([code, number]) => `${number} ${code}`)
  .join(', ')}`;
