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
One daemon a user runs jobs and keeps the catalog. Commands that need it start it, and it ends by itself after 60 minutes without
work and without anybody connected (--idle-minutes, VERA_IDLE_MINUTES). It listens on this machine alone.
Its files lie in VERA_HOME (by default ~/.vera): daemon/daemon.json (where it is, and the token), logs/daemon.log (with up to four
older ones), catalog/catalog.db.`;

export function registerDaemon(program: Command): void {
  const commands = group(program, 'daemon', 'start, stop and look at the daemon').addHelpText('after', HELP);
  startOptions(commands.command('start').description('start the daemon, unless it runs')).action(
    (_: unknown, command: Command) => start(command.optsWithGlobals()),
  );
  withNow(commands.command('stop').description('end the daemon; its jobs go on when it is started again')).action(
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
    .description('say whether the daemon runs, and what it has in hand')
    .action((_: unknown, command: Command) => status(command.optsWithGlobals()));
  registerDaemonLogs(commands);
}

const withNow = (command: Command): Command =>
  command.option('--now', 'at once, also where it does not answer: jobs go on from their last checkpoint');

const startOptions = (command: Command): Command =>
  command
    .option('--port <n>', 'port to listen on (default: one that is free)', nonNegativeInteger)
    .option('--idle-minutes <n>', 'minutes without work until it ends (default: 60)', nonNegativeNumber)
    .option(
      '--max-running <n>',
      'training, evaluation and merge jobs at once (default: half the cores)',
      positiveInteger,
    )
    .option('--memory-budget <bytes>', 'memory that jobs may take together (default: what is free)', positiveNumber)
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
  if (daemon === undefined) throw new VeraError('daemon', 'the daemon has ended again: see vera daemon logs');
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
