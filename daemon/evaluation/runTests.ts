import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { VeraError } from '../protocol/errors.ts';
import type { CompletionReport } from '../protocol/completionReport.ts';

type Suggestion = NonNullable<CompletionReport['suggestions']>[number];

export interface TestOptions {
  /** For the shell of this system. */
  readonly command: string;
  /** A run that takes longer has failed. */
  readonly timeoutMs: number;
  readonly onProgress?: (text: string, fraction: number) => void;
}

/** Folders that hold what others wrote. The copy links to them, because copying them takes long. */
const LINKED = new Set(['node_modules', '.venv', 'venv']);
const SKIPPED = new Set(['.git', '.hg', '.svn']);

/**
 * Puts each suggestion into a copy of the folder and runs a command there: whether it succeeds, [sides][cases]. The code that a model
 * wrote runs on this machine, so only a person may call for this. Throws VeraError 'data' if the command fails on the code as it is.
 */
export async function runTests(
  folder: string,
  suggestions: readonly Suggestion[],
  { command, timeoutMs, onProgress }: TestOptions,
): Promise<boolean[][]> {
  const copy = mkdtempSync(join(realpathSync(tmpdir()), 'vera-tests-'));
  try {
    cpSync(resolve(folder), copy, {
      recursive: true,
      filter: (source) => !SKIPPED.has(basename(source)) && !LINKED.has(basename(source)),
    });
    linkFolders(resolve(folder), copy);
    const run = (): Promise<boolean> => succeeds(command, copy, timeoutMs);
    if (!(await run()))
      throw new VeraError(
        'data',
        `the test command fails on the code as it is, so it says nothing about suggestions: ${command}`,
      );
    const sides = suggestions[0]?.given.length ?? 0;
    const passed = Array.from({ length: sides }, (): boolean[] => []);
    for (const [i, { file, start, end, expected, given }] of suggestions.entries()) {
      const known = new Map([[expected, true]]);
      const path = join(copy, file);
      const whole = readFileSync(path, 'utf8').replaceAll('\r\n', '\n');
      for (const [side, text] of given.entries()) {
        if (!known.has(text)) {
          writeFileSync(path, whole.slice(0, start) + text + whole.slice(end));
          known.set(text, await run());
        }
        passed[side]!.push(known.get(text)!);
      }
      writeFileSync(path, whole);
      onProgress?.('running the tests', Math.min(0.99, (i + 1) / suggestions.length));
    }
    return passed;
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

function linkFolders(folder: string, copy: string): void {
  for (const name of LINKED) {
    try {
      symlinkSync(realpathSync(join(folder, name)), join(copy, name), 'junction');
    } catch {
      // it is not there
    }
  }
}

/** Runs a command in a shell; false if it fails or takes too long. What it started ends with it. */
function succeeds(command: string, cwd: string, timeoutMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const group = process.platform !== 'win32';
    const child = spawn(command, { cwd, shell: true, stdio: 'ignore', detached: group });
    const end = (): void => {
      try {
        if (group) process.kill(-child.pid!, 'SIGKILL');
        else child.kill();
      } catch {
        // it has ended
      }
    };
    const timer = setTimeout(end, timeoutMs);
    const done = (ok: boolean): void => {
      clearTimeout(timer);
      end();
      resolve(ok);
    };
    child.once('error', () => done(false));
    child.once('exit', (code) => done(code === 0));
  });
}
