import { spawn } from 'node:child_process';
import { closeSync, fstatSync, openSync, readSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheFolder, logsFolder, makePrivateFolders, veraHome } from '../home.ts';
import { refuseOldNode } from '../process/node.ts';
import { inspectArguments } from '../process/inspect.ts';
import { VeraError } from '../protocol/errors.ts';

const MAX_BYTES = 1_000_000; // of the output of daemons outside of their log
const SHOWN_BYTES = 2000;

/** The output of a daemon before it has a log, and when it dies without one. */
const outputFile = (): string => join(logsFolder(), 'daemon.out');

export interface Spawned {
  /** Resolves when the process has ended. undefined: another daemon was running already. */
  readonly ended: Promise<VeraError | undefined>;
  readonly pid: number | undefined;
  /**
   * Ends the process, because another daemon runs. Otherwise a slow one could still start after that other daemon was
   * stopped.
   */
  dismiss(): void;
}

/** Starts a daemon that outlives this process. args: as in life/options.ts. Throws VeraError. */
export function spawnDaemon(args: readonly string[]): Spawned {
  refuseOldNode();
  makePrivateFolders();
  const file = outputFile();
  if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) > MAX_BYTES) truncateSync(file);
  const output = openSync(file, 'a', 0o600);
  const before = fstatSync(output).size;
  try {
    const program = [...inspectArguments('daemon'), fileURLToPath(new URL('../main.ts', import.meta.url))];
    const child = spawn(process.execPath, [...program, ...args], {
      detached: true, // Ctrl-C in this terminal must not end it
      stdio: ['ignore', output, output],
      cwd: veraHome(), // not the current folder, which a person may want to remove
      // In an editor, this process is Electron, which behaves as Node only if it is told to.
      // Node keeps compiled code, so that the daemon and its workers start in half the time.
      env: { NODE_COMPILE_CACHE: join(cacheFolder(), 'node'), ...process.env, ELECTRON_RUN_AS_NODE: '1' },
      windowsHide: true,
    });
    child.unref();
    const ended = new Promise<VeraError | undefined>((resolve) => {
      child.once('error', (cause) =>
        resolve(new VeraError('daemon', `the daemon's process cannot be started: ${cause.message}`, { cause })),
      );
      child.once('exit', (code, signal) => {
        if (code === 0) return resolve(undefined);
        const said =
          lastLine(file, before) ?? `it ended ${signal === null ? `with exit code ${String(code)}` : `by ${signal}`}`;
        resolve(new VeraError('daemon', `the daemon did not start: ${said} (more in ${logsFolder()})`));
      });
    });
    return { ended, pid: child.pid, dismiss: () => void child.kill() };
  } finally {
    closeSync(output);
  }
}

/** The last line for people that a daemon wrote after the first `from` bytes of the file. */
function lastLine(file: string, from: number): string | undefined {
  let fd: number;
  try {
    fd = openSync(file, 'r');
  } catch {
    return undefined; // the state folder was removed
  }
  try {
    const start = Math.max(from, fstatSync(fd).size - SHOWN_BYTES);
    const bytes = Buffer.alloc(SHOWN_BYTES);
    const lines = bytes.toString('utf8', 0, readSync(fd, bytes, 0, SHOWN_BYTES, start)).split('\n');
    const said =
      lines.findLast((line) => line.startsWith('vera daemon: ')) ?? lines.findLast((line) => line.trim() !== '');
    return said?.replace('vera daemon: ', '').trim();
  } finally {
    closeSync(fd);
  }
}
