import { closeSync, fstatSync, fsyncSync, ftruncateSync, openSync, readFileSync } from 'node:fs';
import { writeFully } from '../formats/atomic.ts';
import { ioError } from '../formats/read.ts';

/**
 * metrics.jsonl: one line per step and evaluation. It holds nothing that depends on the clock, so equal runs have equal
 * files, also across a crash and resume.
 */
export class Metrics {
  readonly #file: string;
  readonly #fd: number;

  /** Opens the file and removes what is beyond `bytes`: lines of steps that a resumed run repeats. */
  constructor(file: string, bytes: number) {
    this.#file = file;
    try {
      this.#fd = openSync(file, 'a+');
      if (fstatSync(this.#fd).size > bytes) ftruncateSync(this.#fd, bytes);
    } catch (error) {
      throw ioError(error, 'write', file);
    }
  }

  append(line: Readonly<Record<string, number>>): void {
    this.#try(() => writeFully(this.#fd, Buffer.from(JSON.stringify(line) + '\n')));
  }

  /** Flushes all lines to the disk. Returns the size of the file in bytes. */
  sync(): number {
    return this.#try(() => {
      fsyncSync(this.#fd);
      return fstatSync(this.#fd).size;
    });
  }

  close(): void {
    closeSync(this.#fd);
  }

  #try<T>(action: () => T): T {
    try {
      return action();
    } catch (error) {
      throw ioError(error, 'write', this.#file);
    }
  }
}

/** The lines of a metrics file, in order. */
export const readMetrics = (file: string): Record<string, number>[] =>
  readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, number>);
