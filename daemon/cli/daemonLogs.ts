import type { Command } from 'commander';
import { followLines, lastLines } from '../client/logs.ts';
import { logsFolder } from '../home.ts';
import type { Common } from './group.ts';
import { nonNegativeInteger } from './options.ts';
import { plain, print } from './output.ts';

const HELP = `
The log is in VERA_HOME/logs: daemon.log and up to four older files of 5 MB, one JSON object per line. daemon.out has the output of a
daemon that could not start. With --json the lines are printed unchanged.`;

const LEVELS: Readonly<Record<number, string>> = {
  10: 'trace',
  20: 'debug',
  30: 'info',
  40: 'warn',
  50: 'error',
  60: 'fatal',
};

export function registerDaemonLogs(commands: Command): void {
  commands
    .command('logs')
    .description("print the daemon's log")
    .option('-n, --lines <n>', 'print this many of its last lines', nonNegativeInteger, 50)
    .option('-f, --follow', 'keep printing new lines')
    .addHelpText('after', HELP)
    .action((_: unknown, command: Command) => logs(command.optsWithGlobals()));
}

async function logs({ lines, follow, json }: { lines: number; follow?: boolean } & Common): Promise<void> {
  const show = (line: string): void => print(json ? line : readable(line));
  const found = lastLines(logsFolder(), lines);
  found.forEach(show);
  if (found.length === 0 && lines > 0 && !follow && !json) print(`There is no log yet in ${logsFolder()}`);
  if (!follow) return;
  const over = new AbortController();
  process.once('SIGINT', () => over.abort());
  await followLines(logsFolder(), show, over.signal);
}

/** A line of the log as a person reads it: time, level, what happened, the rest. */
export function readable(line: string): string {
  let fields: Record<string, unknown>;
  try {
    fields = JSON.parse(line) as Record<string, unknown>;
  } catch {
    return plain(line); // a write that was cut
  }
  const { time, level, msg, pid: _pid, err, ...rest } = fields;
  const date = new Date(Number(time));
  const parts = [
    Number.isNaN(date.getTime()) ? '' : date.toISOString().replace('T', ' ').replace('Z', ''),
    (LEVELS[Number(level)] ?? '').padEnd(5),
    typeof msg === 'string' ? plain(msg) : '',
    ...Object.entries(rest).map(
      ([key, value]) => `${key}=${plain(typeof value === 'string' ? value : JSON.stringify(value))}`,
    ),
  ];
  const stack = (err as { stack?: unknown } | undefined)?.stack;
  const trace = typeof stack === 'string' ? stack.split('\n').map((part) => `\n    ${plain(part)}`) : [];
  return parts.filter((part) => part !== '').join('  ') + trace.join('');
}
