import { spawn } from 'node:child_process';
import { closeSync, fstatSync, openSync, readSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheFolder, logsFolder, makePrivateFolders, veraHome } from '../home.ts';
import { refuseOldNode } from '../process/node.ts';
import { inspectArguments } from '../process/inspect.ts';
import { VeraError } from '../protocol/errors.ts';

const MAX_BYTES = 1_000_000; // of what daemons said outside of their log
const SHOWN_BYTES = 2000;

/** What a daemon says before it has a log, and when it dies without. */
export const outputFile = (): string => join(logsFolder(), 'daemon.out');

export interface Spawned {
  /** Resolves when the process ended; undefined: there was another daemon already. */
  readonly ended: Promise<VeraError | undefined>;
  readonly pid: number | undefined;
  /** It is not needed: another daemon runs. Else one that is slow to start could come up when that one has been stopped. */
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
      detached: true, // a Ctrl-C in this terminal is not for it
      stdio: ['ignore', output, output],
      cwd: veraHome(), // not the folder of this process, which somebody may want to remove
      // In an editor this process is Electron, which is Node only when asked.
      // Compiled code is kept, for it and its workers: they start in half the time.
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

/** The last thing a daemon said for people since the file had `from` bytes. */
function lastLine(file: string, from: number): string | undefined {
  let fd: number;
  try {
    fd = openSync(file, 'r');
  } catch {
    return undefined; // somebody removed the state folder
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
