import { startProcess } from '../process/supervised.ts';
import type { Probe } from './probe.ts';
import type { FromProbe } from './probeWorker.ts';

const PATIENCE_MS = 60_000; // a cold disk takes a few seconds to load the library

/** Runs `probe` in a separate process. Rejects with an error for people if onnxruntime is broken or crashes. */
export async function examine(): Promise<Probe> {
  let answer: FromProbe | undefined;
  const child = startProcess<never, FromProbe>({
    ...{ file: new URL('./probeWorker.ts', import.meta.url), streams: 'ignore' },
    onMessage: (message) => void (answer = message),
  });
  const late = setTimeout(() => child.kill(`it did not answer within ${PATIENCE_MS / 1000} s`), PATIENCE_MS);
  const { reason } = await child.ended;
  clearTimeout(late);
  if (answer?.type === 'found') return answer.found;
  throw new Error(answer?.error.message ?? reason);
}
