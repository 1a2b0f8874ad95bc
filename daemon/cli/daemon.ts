import type { Command } from 'commander';
import manifest from '../../package.json' with { type: 'json' };
import { connect } from '../client/connect.ts';
import { findRunning } from '../client/running.ts';
import type { DaemonStatus } from '../client/running.ts';
import { stopDaemon } from '../client/stop.ts';
import { discoveryFile, logsFolder } from '../home.ts';
import { VeraError } from '../protocol/errors.ts';
import { bytesText } from '../protocol/text.ts';
import { registerDaemonLogs } from './daemonLogs.ts';
import { group } from './group.ts';
import type { Common } from './group.ts';
import { nonNegativeInteger, nonNegativeNumber, positiveInteger, positiveNumber } from './options.ts';
import { plain, print, printJson } from './output.ts';
import { dateText } from './table.ts';

interface StartFlags {
  port?: number;
  idleMinutes?: number;
  maxRunning?: number;
  memoryBudget?: number;
  logLevel?: string;
}

const HELP = `
The daemon is a background process, one per user. It runs jobs and keeps the catalog. Commands that need it start it. It ends after
60 minutes without work and without connections (--idle-minutes, VERA_IDLE_MINUTES). It only listens on this machine.
Its files are in VERA_HOME (by default ~/.vera): daemon/daemon.json (its port and token), logs/daemon.log (and up to four older
logs), catalog/catalog.db.`;

export function registerDaemon(program: Command): void {
  const commands = group(program, 'daemon', 'start, stop and inspect the daemon').addHelpText('after', HELP);
  startOptions(commands.command('start').description('start the daemon if it is not running')).action(
    (_: unknown, command: Command) => start(command.optsWithGlobals()),
  );
  withNow(commands.command('stop').description('stop the daemon; its jobs resume when it starts again')).action(
    (_: unknown, command: Command) => stop(command.optsWithGlobals()),
  );
  startOptions(withNow(commands.command('restart').description('stop the daemon and start it again'))).action(
    async (_: unknown, command: Command) => {
      const flags: StartFlags & Common & { now?: boolean } = command.optsWithGlobals();
      await stopDaemon(flags);
      await start(flags);
    },
  );
  commands
    .command('status')
    .description('show whether the daemon is running, and what it is working on')
    .action((_: unknown, command: Command) => status(command.optsWithGlobals()));
  registerDaemonLogs(commands);
}

const withNow = (command: Command): Command =>
  command.option('--now', 'stop it at once, even if it does not answer; jobs resume from their last checkpoint');

const startOptions = (command: Command): Command =>
  command
    .option('--port <n>', 'port to listen on (default: a free one)', nonNegativeInteger)
    .option('--idle-minutes <n>', 'minutes without work after which it stops (default: 60)', nonNegativeNumber)
    .option(
      '--max-running <n>',
      'most training, evaluation and merge jobs that run at once (default: half the cores)',
      positiveInteger,
    )
    .option(
      '--memory-budget <bytes>',
      'most memory that all jobs together may use (default: the free memory)',
      positiveNumber,
    )
    .option('--log-level <level>', 'trace, debug, info, warn, error, fatal or silent (default: info)');

async function start({
  port,
  idleMinutes,
  maxRunning,
  memoryBudget,
  logLevel,
  json,
}: StartFlags & Common): Promise<void> {
  const given = {
    port,
    'idle-minutes': idleMinutes,
    'max-running': maxRunning,
    'memory-budget': memoryBudget,
    'log-level': logLevel,
  };
  const daemonArgs = Object.entries(given).flatMap(([flag, value]) =>
    value === undefined ? [] : [`--${flag}`, String(value)],
  );
  const began = Date.now();
  const client = await connect({ daemonArgs });
  const daemon = client.daemon();
  await client.close();
  if (daemon === undefined)
    throw new VeraError('daemon', 'the daemon ended right after it started: see vera daemon logs');
  const { pid, version, startedAt } = daemon;
  const ran = startedAt < began;
  if (json) {
    printJson({ started: !ran, running: true, pid, port: daemon.port, version, discovery: discoveryFile() });
    return;
  }
  const options = ran && daemonArgs.length > 0 ? '; to change its options: vera daemon restart' : '';
  print(
    `The daemon ${ran ? 'runs already' : 'runs'} (version ${version}, process ${pid}, port ${daemon.port})${options}`,
  );
}

async function stop({ json, ...flags }: { now?: boolean } & Common): Promise<void> {
  const { ran, jobs } = await stopDaemon(flags);
  if (json) printJson({ stopped: ran, jobs });
  else if (!ran) print('No daemon runs');
  else
    print(
      `The daemon has ended${jobs > 0 ? `; ${jobs} ${jobs === 1 ? 'job goes' : 'jobs go'} on when it runs again` : ''}`,
    );
}

async function status({ json }: Common): Promise<void> {
  const running = await findRunning();
  if (running.state === 'answers') running.connection.close();
  const found = running.state === 'answers' ? running : undefined;
  const { pid = null, port = null, version = null } = found?.discovery ?? {};
  const details: Partial<DaemonStatus> = found?.status ?? {};
  if (json) {
    printJson({ running: found !== undefined, pid, port, version, discovery: discoveryFile(), ...details });
    return;
  }
  if (found === undefined) {
    if (running.state === 'silent')
      print(
        `A daemon holds the lock but does not answer (${plain(running.reason)}): it is starting, ending or stuck; see vera doctor`,
      );
    else print('No daemon runs; commands that need it start it');
    return;
  }
  const { startedAt } = found.discovery;
  const older = version === manifest.version ? '' : ` (this program has version ${manifest.version})`;
  print(
    `The daemon runs: version ${version ?? ''}${older}, process ${pid ?? ''}, port ${port ?? ''}, since ${dateText(startedAt)}`,
  );
  if (found.status === undefined) return;
  const { jobs, clients, memory, catalog, idleAt, draining } = found.status;
  print(
    `Jobs: ${jobs.running} running, ${jobs.queued} queued, ${jobs.paused} paused${draining ? '; it ends when the running ones are done' : ''}`,
  );
  print(
    `Clients: ${clients - 1} besides this one${idleAt === null ? '' : `; it ends at ${dateText(idleAt)} when nobody needs it`}`,
  );
  print(
    `Memory: ${bytesText(memory.rssBytes)} of its own, ${bytesText(memory.budgetBytes)} for jobs, ${bytesText(memory.freeBytes)} free`,
  );
  print(`Catalog: ${catalog.file}, ${bytesText(catalog.bytes)}`);
  for (const note of catalog.notes) print(`  ${plain(note)}`);
  print(`Log: ${logsFolder()}`);
}
