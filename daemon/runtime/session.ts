import { parse, relative } from 'node:path';
import type { Graph } from '../graph/graph.ts';
import { type FileRange, serialize } from '../graph/onnx/serialize.ts';
import { memoryError, VeraError } from '../protocol/errors.ts';
import { defaultThreads } from './threads.ts';

// Must be set before the library is loaded: its Linux build carries an uploader that is on by default.
process.env['ORT_DISABLE_TELEMETRY'] = '1';
const ort = (await import('onnxruntime-node')).default;

export type Tensor = import('onnxruntime-node').Tensor;
export const { Tensor } = ort;

export interface SessionOptions {
  /** Threads of one operator; default: the machine's cores. The same number gives the same bits. */
  readonly threads?: number;
  /** Lets the library copy weights into its own layout: faster on small batches, at the price of that copy. */
  readonly prepack?: boolean;
  /** Keeps freed memory for the next step instead of returning it: faster, with a higher peak. */
  readonly arena?: boolean;
  /** Writes a profile of every operator to files that begin so. */
  readonly profile?: string;
}

export type Session = import('onnxruntime-node').InferenceSession;

// Locations of external weights must lie below one folder; the root of the file system holds them all.
const { root } = parse(process.cwd());

/** ONNX bytes of a lowered graph, for `openSession`; external weights are named by the files that `locate` finds. */
export function modelBytes(graph: Graph, locate: (key: string) => FileRange): Uint8Array {
  return serialize(graph, (key) => {
    const { file, offset, length } = locate(key);
    return { file: relative(root, file), offset, length };
  });
}

/** An onnxruntime session (CPU) of a lowered graph; external weights are read in place. */
export const createSession = (
  graph: Graph,
  locate: (key: string) => FileRange,
  options: SessionOptions = {},
): Promise<Session> => openSession(modelBytes(graph, locate), options);

/** An onnxruntime session (CPU) of what `modelBytes` gave. */
export async function openSession(bytes: Uint8Array, options: SessionOptions): Promise<Session> {
  try {
    return await ort.InferenceSession.create(bytes, {
      executionProviders: ['cpu'],
      intraOpNumThreads: options.threads ?? defaultThreads(),
      interOpNumThreads: 1,
      executionMode: 'sequential',
      graphOptimizationLevel: 'all',
      enableCpuMemArena: options.arena ?? true,
      enableMemPattern: false,
      logSeverityLevel: 3,
      ...(options.profile === undefined ? {} : { enableProfiling: true, profileFilePrefix: options.profile }),
      extra: {
        session: {
          disable_prepacking: options.prepack ? '0' : '1',
          model_external_initializers_file_folder_path: root,
          // What a mask leaves of a probability is a denormal number, on which arithmetic is many times slower.
          set_denormal_as_zero: '1',
          // Threads that spin between operators take time from whoever else works here once the step is over.
          force_spinning_stop: '1',
        },
      },
    });
  } catch (cause) {
    const message = `onnxruntime could not load the graph: ${cause instanceof Error ? cause.message : String(cause)}`;
    throw memoryError(cause) ?? new VeraError('runtime', message, { cause });
  }
}
