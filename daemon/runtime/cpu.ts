import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { VeraError } from '../protocol/errors.ts';
import type { Executor, Feeds, Loaded, PlainTensor, Results } from './executor.ts';
import { NOTHING } from '../graph/onnx/serialize.ts';
import { modelBytes, openSession, type Session, type SessionOptions, Tensor } from './session.ts';
import { defaultThreads } from './threads.ts';

/**
 * onnxruntime on the processor. A graph has one session, or several that run side by side on their own threads (lanes). The
 * threads of one session wait for each other after every operator; on small tensors that wait costs most of what a second
 * thread gains, and independent runs do not have it. A single lane runs in this thread; several have a thread each.
 */
export const cpu: Executor = {
  name: 'cpu',
  async load(graph, locate, { lanes: count = 1, threads = defaultThreads(), inPlace, ...options } = {}) {
    const bytes = modelBytes(graph, locate, inPlace);
    const data = { bytes, options: { ...options, threads: Math.max(1, Math.floor(threads / count)) } };
    if (count > 1) return loaded(await Promise.all(Array.from({ length: count }, () => threadLane(data))));
    return loaded([await openLane(data)]);
  },
};

/** One session, and the tensors it keeps. */
export interface Lane {
  keep(tensors: Feeds): void;
  free(names: readonly string[]): void;
  run(feeds: Feeds, fetch: readonly string[] | undefined): Promise<Results>;
  /** Only in this thread. */
  runInto?(feeds: Feeds, outputs: Feeds): Promise<void>;
  release(): Promise<void>;
}

export interface LaneData {
  readonly bytes: Uint8Array;
  readonly options: SessionOptions;
}
/** A message to a lane in another thread. Only `run` is answered. */
export type LaneCall =
  | { readonly keep: Feeds }
  | { readonly free: readonly string[] }
  | { readonly run: Feeds; readonly fetch: readonly string[] | undefined };
export type LaneAnswer = { readonly ready: true } | { readonly results: Results } | { readonly error: string };

/** A lane in this thread. */
export async function openLane({ bytes, options }: LaneData): Promise<Lane> {
  const session: Session = await openSession(bytes, options);
  let kept: Record<string, Tensor> = {};
  return {
    keep(tensors) {
      kept = { ...kept, ...onDevice(tensors) };
    },
    free(names) {
      kept = Object.fromEntries(Object.entries(kept).filter(([name]) => !names.includes(name)));
    },
    async run(feeds, fetch) {
      const inputs = { ...kept, ...onDevice(feeds) };
      const results = await (fetch ? session.run(inputs, fetch) : session.run(inputs));
      return Object.fromEntries(Object.entries(results).map(([name, { data }]) => [name, data as Float32Array]));
    },
    async runInto(feeds, outputs) {
      try {
        await session.run({ ...kept, ...onDevice(feeds) }, { [NOTHING]: null, ...onDevice(outputs) });
      } catch (error) {
        // onnxruntime-node copies each output in their order, and stops at the first one, which it cannot copy. By then all are computed.
        if (!/^Non tensor type/.test((error as Error).message)) throw error;
      }
    },
    release: () => session.release(),
  };
}

const onDevice = (tensors: Feeds): Record<string, Tensor> =>
  Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, tensorOf(tensor)]));

const tensorOf = ({ type, data, dims }: PlainTensor): Tensor => new Tensor(type, data as Float32Array, dims);

/** A graph that is loaded on one or several lanes. */
function loaded(lanes: readonly Lane[]): Loaded {
  const runAll = async (jobs: readonly Feeds[], fetch?: readonly string[]): Promise<Results[]> => {
    const results: Results[] = [];
    let next = 0;
    const work = async (lane: Lane): Promise<void> => {
      while (next < jobs.length) {
        const index = next++;
        results[index] = await lane.run(jobs[index]!, fetch);
      }
    };
    await Promise.all(lanes.map(work));
    return results;
  };
  return {
    keep: (tensors) => lanes.forEach((lane) => lane.keep(tensors)),
    free: (...names) => lanes.forEach((lane) => lane.free(names)),
    run: async (feeds, fetch) => (await runAll([feeds], fetch))[0]!,
    runInto: (feeds, outputs) => lanes[0]!.runInto!(feeds, outputs),
    runAll,
    release: async () => {
      await Promise.all(lanes.map((lane) => lane.release()));
    },
  };
}

async function threadLane(workerData: LaneData): Promise<Lane> {
  const worker = new Worker(new URL('./laneWorker.ts', import.meta.url), { workerData });
  // A lane that waits for work does not keep the process alive.
  worker.unref();
  const post = (call: LaneCall): void => worker.postMessage(call);
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
    keep: (keep) => post({ keep }),
    free: (free) => post({ free }),
    run: async (run, fetch) => {
      const answered = answer();
      post({ run, fetch });
      return ((await answered) as { results: Results }).results;
    },
    release: async () => {
      await worker.terminate();
    },
  };
}
