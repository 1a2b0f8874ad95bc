import { parseArgs } from 'node:util';
import { VeraError } from '../protocol/errors.ts';
import { LOG_LEVELS } from './log.ts';
import type { LogLevel } from './log.ts';

/** Options of a daemon. None of them comes from a workspace. */
export interface DaemonOptions {
  /** 0: any free port. */
  readonly port: number;
  /** Minutes without work after which the daemon ends. */
  readonly idleMinutes: number;
  /** Most compute jobs at the same time. If left out, the queue decides. */
  readonly maxRunning?: number;
  readonly memoryBudgetBytes?: number;
  readonly logLevel: LogLevel;
  /** The weight format of models that answer requests, as a person gave it. */
  readonly servePrecision: string;
  /** Bytes that an engine should not exceed with its caches. If left out, a share of the memory budget. */
  readonly serveMemoryBytes?: number;
  /** Waits until the running daemon ends, and takes its place. */
  readonly successor: boolean;
  /** The version that it reports, if that is not the version of the program. For tests. */
  readonly version?: string;
  /** The same for the protocol. */
  readonly protocol?: number;
}

const IDLE_MINUTES = 60;
const FLAGS = {
  port: { type: 'string' },
  'idle-minutes': { type: 'string' },
  'max-running': { type: 'string' },
  'memory-budget': { type: 'string' },
  'log-level': { type: 'string' },
  'serve-precision': { type: 'string' },
  'serve-memory': { type: 'string' },
  successor: { type: 'boolean', default: false },
  'as-version': { type: 'string' },
  'as-protocol': { type: 'string' },
} as const;

/** Reads the daemon's command line and environment (VERA_IDLE_MINUTES, VERA_LOG_LEVEL, VERA_SERVE_PRECISION, VERA_SERVE_MEMORY). Throws VeraError 'usage'. */
export function daemonOptions(args: readonly string[], env: NodeJS.ProcessEnv): DaemonOptions {
  const flags = parsed(args);
  const level = flags['log-level'] ?? env['VERA_LOG_LEVEL'] ?? 'info';
  if (!LOG_LEVELS.includes(level as LogLevel))
    throw new VeraError('usage', `the log level is one of ${LOG_LEVELS.join(', ')}, not '${level}'`);
  const maxRunning = flags['max-running'];
  const budget = flags['memory-budget'];
  const serving = flags['serve-memory'] ?? env['VERA_SERVE_MEMORY'];
  const version = flags['as-version'];
  const protocol = flags['as-protocol'];
  return {
    port: number('the port', flags.port ?? '0', 0, 65_535, true),
    idleMinutes: number(
      'the idle minutes',
      flags['idle-minutes'] ?? env['VERA_IDLE_MINUTES'] ?? String(IDLE_MINUTES),
      0,
      1e6,
    ),
    ...(maxRunning === undefined
      ? {}
      : { maxRunning: number('the number of jobs at once', maxRunning, 1, 1000, true) }),
    ...(budget === undefined ? {} : { memoryBudgetBytes: number('the memory budget', budget, 1, 1e15) }),
    logLevel: level as LogLevel,
    servePrecision: flags['serve-precision'] ?? env['VERA_SERVE_PRECISION'] ?? 'auto',
    ...(serving === undefined ? {} : { serveMemoryBytes: number('the memory of serving', serving, 1, 1e15) }),
    successor: flags.successor,
    ...(version === undefined ? {} : { version }),
    ...(protocol === undefined ? {} : { protocol: number('the protocol', protocol, 0, 1e6, true) }),
  };
}

function parsed(args: readonly string[]): ReturnType<typeof parseArgs<{ options: typeof FLAGS }>>['values'] {
  try {
    return parseArgs({ args: [...args], options: FLAGS }).values;
  } catch (error) {
    throw new VeraError('usage', (error as Error).message, { cause: error });
  }
}

function number(what: string, text: string, least: number, most: number, whole = false): number {
  const value = text.trim() === '' ? NaN : Number(text);
  if (value >= least && value <= most && (!whole || Number.isInteger(value))) return value;
  throw new VeraError(
    'usage',
    `${what}: '${text}' is not a ${whole ? 'whole number' : 'number'} from ${least} to ${most}`,
  );
}
