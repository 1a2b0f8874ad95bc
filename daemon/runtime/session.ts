import { parse, relative } from 'node:path';
import type { Graph } from '../graph/graph.ts';
import { type FileRange, serialize } from '../graph/onnx/serialize.ts';
import { memoryError, VeraError } from '../protocol/errors.ts';
import type { LoadOptions } from './executor.ts';
import { defaultThreads } from './threads.ts';

// Must be set before the library is loaded: its Linux build sends telemetry by default.
process.env['ORT_DISABLE_TELEMETRY'] = '1';
const ort = (await import('onnxruntime-node')).default;

export type Tensor = import('onnxruntime-node').Tensor;
export const { Tensor } = ort;

/** Options of one session; its threads are those of one operator. */
export type SessionOptions = Omit<LoadOptions, 'lanes' | 'inPlace'>;

export type Session = import('onnxruntime-node').InferenceSession;

// onnxruntime wants all external weights below one folder. The root of the file system is above all of them.
const { root } = parse(process.cwd());

/** The ONNX bytes of a lowered graph, for `openSession`. `locate` finds the file of each external weight. */
export function modelBytes(graph: Graph, locate: (key: string) => FileRange, inPlace?: boolean): Uint8Array {
  const range = (key: string): FileRange => {
    const { file, offset, length } = locate(key);
    return { file: relative(root, file), offset, length };
  };
  return serialize(graph, range, inPlace);
}

/** An onnxruntime session (CPU) for a lowered graph. It reads external weights from where they are. */
export const createSession = (
  graph: Graph,
  locate: (key: string) => FileRange,
  options: SessionOptions = {},
): Promise<Session> => openSession(modelBytes(graph, locate), options);

/** An onnxruntime session (CPU) for bytes from `modelBytes`. Throws VeraError 'memory' or 'runtime'. */
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
          // The probability of a masked position is a denormal number. Arithmetic on such numbers is many times slower.
          set_denormal_as_zero: '1',
          // Threads would spin between operators, and after the step they would take time from other processes.
          force_spinning_stop: '1',
        },
      },
    });
  } catch (cause) {
    const message = `onnxruntime could not load the graph: ${cause instanceof Error ? cause.message : String(cause)}`;
    throw memoryError(cause) ?? new VeraError('runtime', message, { cause });
  }
}
