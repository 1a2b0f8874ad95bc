/**
 * One run of the sweep, in a process of its own: `node worker.ts SETTINGS.json sweep-worker-marker`. The last argument is not
 * read; it marks the process, so that a person can find and pause it. Prints one line of JSON: the figures of the run, or why it failed.
 */
import { readFileSync } from 'node:fs';
import { setPriority } from 'node:os';
import { train } from '../../../daemon/train/run.ts';
import { completeSettings, type GivenSettings } from '../../../daemon/train/settings.ts';

setPriority(10);
const settings = completeSettings(JSON.parse(readFileSync(process.argv[2] as string, 'utf8')) as GivenSettings);
const figures: Record<string, unknown> = {};
try {
  await train(settings, {
    resume: false,
    stopped: () => false,
    emit: (event) => {
      if (event.event === 'start') Object.assign(figures, { rows: event.rows, heldOutRows: event.heldOutRows });
      // The loss after the last step: 'done' has the best one.
      if (event.event === 'eval') figures['heldOutLoss'] = event.loss;
      if (event.event === 'done') {
        const { trainLoss, baseEvalLoss, trainableParameters, adapterBytes, tokensPerSecond } = event;
        Object.assign(figures, {
          ...{ baseLoss: baseEvalLoss, trainLoss, parameters: trainableParameters },
          ...{ bytes: adapterBytes, tokensPerSecond },
        });
      }
    },
  });
} catch (error) {
  // A rate that is too high is a result too.
  figures['failed'] = (error as Error).message;
}
console.log(JSON.stringify(figures));
