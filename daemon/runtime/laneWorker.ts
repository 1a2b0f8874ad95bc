/** A thread with its own session. It answers each run with the results. The CPU executor starts it. */
import { parentPort, workerData } from 'node:worker_threads';
import { type LaneAnswer, type LaneCall, type LaneData, openLane } from './cpu.ts';

const answer = (message: LaneAnswer): void => {
  parentPort?.postMessage(message);
};
const reason = (error: unknown): string => (error instanceof Error ? error.message : String(error));

try {
  const lane = await openLane(workerData as LaneData);
  parentPort?.on('message', (call: LaneCall) => {
    if ('keep' in call) lane.keep(call.keep);
    else if ('free' in call) lane.free(call.free);
    else {
      lane.run(call.run, call.fetch).then(
        (results) => answer({ results }),
        (error: unknown) => answer({ error: `onnxruntime failed: ${reason(error)}` }),
      );
    }
  });
  answer({ ready: true });
} catch (error) {
  answer({ error: reason(error) });
}
