/** The daemon: one process per user that owns the catalog and the queue, and answers clients until it is no longer needed. */
import { randomBytes } from 'node:crypto';
import manifest from '../package.json' with { type: 'json' };
import { pruneCompletions } from './catalog/completions.ts';
import { pruneEvents } from './catalog/events.ts';
import { openCatalog } from './catalog/open.ts';
import { purgeTrash } from './catalog/trash.ts';
import { catalogFile, daemonLockFile, logsFolder, makePrivateFolders } from './home.ts';
import { createQueue } from './jobs/queue.ts';
import { isWritten, removeDiscovery, writeDiscovery } from './life/discovery.ts';
import { endInOrder } from './life/ending.ts';
import type { Step } from './life/ending.ts';
import { idleTime } from './life/idle.ts';
import { takeLock } from './process/lock.ts';
import type { Lock } from './process/lock.ts';
import { openLog } from './life/log.ts';
import { refuseOldNode } from './process/node.ts';
import { daemonOptions } from './life/options.ts';
import type { DaemonOptions } from './life/options.ts';
import { waitForLock } from './life/successor.ts';
import { PROTOCOL } from './protocol/method.ts';
import { servingShare } from './serve/engineMemory.ts';
import { openEngines } from './serve/engines.ts';
import { SERVE_SETTINGS, servedFormat } from './serve/settings.ts';
import { startServer } from './server/server.ts';
import { parseSetting } from './settings/setting.ts';

const TICK_MS = 1000;
const HOUR_MS = 3_600_000;
const TOKEN_BYTES = 32;
const KEPT_EVENTS = 200_000; // a client that was away longer gets the latest state instead

try {
  refuseOldNode();
  const options = daemonOptions(process.argv.slice(2), process.env);
  const version = options.version ?? manifest.version;
  const precision = servedFormat(parseSetting(SERVE_SETTINGS[0], options.servePrecision) as string);
  makePrivateFolders();
  const lock = options.successor ? await waitForLock(version) : takeLock(daemonLockFile());
  if (lock === undefined) process.stderr.write('vera daemon: another one runs already\n');
  else await live(lock, options, version, precision);
} catch (error) {
  process.stderr.write(`vera daemon: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}

/** Runs the daemon in the process that holds the lock. Returns when it answers. */
async function live(lock: Lock, options: DaemonOptions, version: string, precision: string): Promise<void> {
  const startedAt = Date.now();
  const token = randomBytes(TOKEN_BYTES).toString('base64url');
  const log = openLog(logsFolder(), { level: options.logLevel, secrets: [token] });
  const { logger } = log;
  const steps: Step[] = []; // the lock is released with the process, so the next one to take it finds no work in progress
  let ending: Promise<void> | undefined;
  let draining = false;

  /** Ends everything that was started, in reverse order, and then the process. */
  const end = (why: string, exitCode = 0): Promise<void> => {
    ending ??= (async () => {
      logger.info({ why }, 'ending');
      for (const problem of await endInOrder(steps.toReversed())) logger.error(`while ending: ${problem}`);
      logger.info({ seconds: Math.round((Date.now() - startedAt) / 1000) }, 'ended');
      await endInOrder([{ name: 'log', run: () => log.end() }], 2000);
      process.exit(exitCode);
    })();
    return ending;
  };
  const fatal = (error: unknown): void => {
    logger.fatal({ err: error }, 'unexpected error');
    process.stderr.write(
      `vera daemon: unexpected error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
    );
    void end('unexpected error', 1);
  };
  process.on('uncaughtException', fatal).on('unhandledRejection', fatal);
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => void end(signal));

  try {
    const catalog = await openCatalog(catalogFile());
    steps.push({ name: 'catalog', run: () => catalog.close() });
    for (const note of catalog.notes) logger.warn(note);

    const { maxRunning, memoryBudgetBytes, serveMemoryBytes } = options;
    const queue = createQueue({
      ...{ catalog, log: logger, engines: () => engines.memory(), endEngines: () => engines.endIdle() },
      ...(maxRunning === undefined ? {} : { maxRunning }),
      ...(memoryBudgetBytes === undefined ? {} : { memoryBudgetBytes }),
    });
    const engines = openEngines({
      ...{ catalog, log: logger, precision, onUse: () => idle.touch(), roomBytes: () => queue.engineRoom() },
      memoryBytes: serveMemoryBytes ?? servingShare(queue.budgetBytes()),
    });
    let clients = (): number => 0;
    const busy = (): boolean =>
      clients() + engines.requests() > 0 || queue.counts().running + queue.counts().queued > 0;
    const idle = idleTime(options.idleMinutes * 60_000, busy);
    catalog.onEvents(idle.touch);

    const drain = (): void => {
      if (draining) return;
      draining = true;
      logger.info('draining: ends when what runs is done');
      queue.drain();
      const quiet = (): void => void end('drained');
      if (queue.counts().running > 0) queue.onQuiet(quiet);
      else setTimeout(quiet, 100); // after the answer to the client
    };
    const life = { startedAt, stop: () => end('a client asked'), drain, draining: () => draining, idleAt: idle.at };
    steps.push({ name: 'discovery', run: () => removeDiscovery(token) });
    const server = await startServer({
      ...{ catalog, queue, engines, token, version, log: logger, port: options.port },
      life: { ...life, logsFolder: logsFolder() },
    });
    clients = () => server.clients();
    steps.push(
      { name: 'engines', run: () => engines.stop() },
      { name: 'server', run: () => server.close() },
      { name: 'queue', run: () => queue.stop() },
    );
    await queue.start();

    const mine = {
      pid: process.pid,
      port: server.port,
      token,
      version,
      protocol: options.protocol ?? PROTOCOL,
      startedAt,
    };
    writeDiscovery(mine);
    logger.info({ port: server.port, version, home: catalogFile(), ms: Math.round(performance.now()) }, 'ready');

    /**
     * Every second: ends the daemon if it has no work or if its lock no longer keeps others away; repairs the discovery
     * file.
     */
    const tick = (): void => {
      if (ending !== undefined) return;
      if (!lock.stands()) void end('the lock was removed', 1);
      else if (idle.isOver()) void end('idle');
      else if (!isWritten(mine)) {
        logger.warn('the discovery file was damaged or removed: written again');
        writeDiscovery(mine);
      }
    };
    /** Deletes what was in the trash too long. */
    const tidy = async (): Promise<void> => {
      await purgeTrash(catalog);
      await catalog.change(({ db }) => pruneEvents(db, KEPT_EVENTS));
      await catalog.change(pruneCompletions);
    };
    const failed = (error: unknown): void => logger.error({ err: error }, 'a periodic task failed');
    const every = (ms: number, task: () => void | Promise<void>): void => {
      const timer = setInterval(() => void Promise.resolve().then(task).catch(failed), ms);
      steps.push({ name: 'timer', run: () => clearInterval(timer) });
    };
    every(TICK_MS, tick);
    every(HOUR_MS, tidy);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    logger.fatal({ err: error }, 'it could not start');
    process.stderr.write(`vera daemon: ${message}\n`);
    await end('it could not start', 1);
  }
}
