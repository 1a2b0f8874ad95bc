/** A thread with a session of its own: answers each set of feeds with the results. Started by `Lanes`. */
import { parentPort, workerData } from 'node:worker_threads';
import { type Feeds, type LaneAnswer, type LaneData, runOnce } from './lanes.ts';
import { openSession } from './session.ts';

const { bytes, options } = workerData as LaneData;
const answer = (message: LaneAnswer): void => {
  parentPort?.postMessage(message);
};
const reason = (error: unknown): string => (error instanceof Error ? error.message : String(error));

try {
  const session = await openSession(bytes, options);
  parentPort?.on('message', (feeds: Feeds) => {
    runOnce(session, feeds).then(
      (results) => {
        answer({ results });
      },
      (error: unknown) => {
        answer({ error: `onnxruntime failed: ${reason(error)}` });
      },
    );
  });
  answer({ ready: true });
} catch (error) {
  answer({ error: reason(error) });
}
