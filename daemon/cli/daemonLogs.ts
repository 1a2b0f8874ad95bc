import type { Command } from 'commander';
import { followLines, lastLines, readable } from '../client/logs.ts';
import { logsFolder } from '../home.ts';
import type { Common } from './group.ts';
import { nonNegativeInteger } from './options.ts';
import { print } from './output.ts';

const HELP = `
The log is in VERA_HOME/logs: daemon.log and up to four older files of 5 MB, one JSON object per line. daemon.out has the output of a
daemon that could not start. With --json the lines are printed unchanged.`;

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
