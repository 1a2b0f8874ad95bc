/** The memory of engines: what one needs, and how much its caches get. */
import { isHubId } from '../protocol/hubId.ts';
import { localFolder, resolveConfig } from '../models/resolve.ts';
import { parameterCount } from '../models/tensors.ts';
import { weightFormat } from '../weights/registry.ts';
import type { EngineStart } from './engine/messages.ts';

/** A process that has loaded the libraries and the tokenizer (measured: 170 MB). */
const PROCESS_BYTES = 180e6;
/** A graph holds its weights as onnxruntime lays them out. Measured on SmolLM2-135M: 1.5 bytes per parameter in int8, 5 in float32. */
const [SMALL, EXACT] = [1.6, 5.2];
/** The base alone, and one kind of adapters. */
const GRAPHS = 2;

/** An estimate of the bytes that an engine needs besides its caches; 0 if the base has to be downloaded first or is not readable. */
export async function engineBytes(base: string, precision: string, cache: string): Promise<number> {
  try {
    if (isHubId(base) && (await localFolder(base, { cache })) === undefined) return 0;
    const parameters = parameterCount(await resolveConfig(base, { cache }));
    return PROCESS_BYTES + GRAPHS * parameters * (weightFormat(precision).exact ? EXACT : SMALL);
  } catch {
    return 0; // the engine itself says what is wrong with it
  }
}

/** Each cache gets at least this much, whatever is free. */
const LEAST = 16e6;
/** More would seldom help: a thousand tokens of a small model take about 50 MB, and an adapter takes less than 1 MB. */
const MOST = 1e9;

/** How the prefix cache, the adapters and the requests under way share the memory that is left for them. */
export function cacheBudgets(bytes: number): Required<Pick<EngineStart, 'prefixBytes' | 'bankBytes' | 'rowBytes'>> {
  const third = Math.round(Math.min(MOST, Math.max(LEAST, bytes / 3)));
  return { prefixBytes: third, bankBytes: third, rowBytes: third };
}

/** What engines may take if nothing else is said: this share of the memory budget. */
const SHARE = 1 / 4;
export const servingShare = (budgetBytes: number): number => SHARE * budgetBytes;
