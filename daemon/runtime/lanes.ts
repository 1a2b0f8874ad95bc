import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { VeraError } from '../protocol/errors.ts';
import type { SessionOptions } from './session.ts';
import { openSession, type Session, Tensor } from './session.ts';

/** A tensor as it goes between threads. */
export interface PlainTensor {
  readonly type: 'float32' | 'int64';
  readonly data: Float32Array | BigInt64Array;
  readonly dims: readonly number[];
}
export type Feeds = Record<string, PlainTensor>;
/** Data of the float32 outputs by name. */
export type Results = Record<string, Float32Array>;

export interface LaneData {
  readonly bytes: Uint8Array;
  readonly options: SessionOptions;
}
export type LaneAnswer = { readonly ready: true } | { readonly results: Results } | { readonly error: string };

/** Runs a session once. */
export async function runOnce(session: Session, feeds: Feeds): Promise<Results> {
  const tensors = Object.entries(feeds).map(
    ([name, { type, data, dims }]) => [name, new Tensor(type, data as Float32Array, dims)] as const,
  );
  const results = await session.run(Object.fromEntries(tensors));
  return Object.fromEntries(Object.entries(results).map(([name, { data }]) => [name, data as Float32Array]));
}

type Lane = { readonly run: (feeds: Feeds) => Promise<Results>; readonly release: () => Promise<void> };

/**
 * Copies of one session that run side by side, each on its own threads. Independent runs need no meeting point after every
 * operator, as the threads of one session do: on small tensors that wait is most of what a second thread costs.
 */
export class Lanes {
  readonly #lanes: readonly Lane[];

  private constructor(lanes: readonly Lane[]) {
    this.#lanes = lanes;
  }

  /** One lane runs in this thread, more have a thread each. options.threads: threads of each lane. */
  static async create(bytes: Uint8Array, count: number, options: SessionOptions): Promise<Lanes> {
    if (count > 1)
      return new Lanes(await Promise.all(Array.from({ length: count }, () => threadLane({ bytes, options }))));
    const session = await openSession(bytes, options);
    return new Lanes([{ run: (feeds) => runOnce(session, feeds), release: () => session.release() }]);
  }

  /** Runs every job on whichever lane is free; the results come in the order of the jobs. */
  async run(jobs: readonly Feeds[]): Promise<Results[]> {
    const results: Results[] = [];
    let next = 0;
    const work = async (lane: Lane): Promise<void> => {
      while (next < jobs.length) {
        const index = next++;
        results[index] = await lane.run(jobs[index] as Feeds);
      }
    };
    await Promise.all(this.#lanes.map(work));
    return results;
  }

  async release(): Promise<void> {
    await Promise.all(this.#lanes.map((lane) => lane.release()));
  }
}

async function threadLane(workerData: LaneData): Promise<Lane> {
  const worker = new Worker(new URL('./laneWorker.ts', import.meta.url), { workerData });
  // A lane that waits for work keeps no process alive.
  worker.unref();
  const answer = async (): Promise<LaneAnswer> => {
    worker.ref();
    try {
      const [message] = (await once(worker, 'message')) as [LaneAnswer];
      if ('error' in message) throw new VeraError('runtime', message.error);
      return message;
    } finally {
      worker.unref();
    }
  };
  await answer();
  return {
    run: async (feeds) => {
      const answered = answer();
      worker.postMessage(feeds);
      return ((await answered) as { results: Results }).results;
    },
    release: async () => {
      await worker.terminate();
    },
  };
}
