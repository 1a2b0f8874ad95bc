import type { RunEvent } from '../protocol/runEvents.ts';
import type { TrainSettings } from '../train/settings.ts';
import { startTraining } from '../train/supervise.ts';
import { printJson } from './output.ts';
import { trainPrinter } from './trainPrinter.ts';

/** Trains without a daemon: a worker of this process, which ends with it. */
export async function trainForeground(settings: TrainSettings, resume: boolean, json: boolean): Promise<void> {
  const printer = json
    ? { print: (event: RunEvent) => printJson({ ...event }), end: () => undefined }
    : trainPrinter(settings);
  const training = startTraining(settings, resume, (event) => printer.print(event));
  let stopped = false;
  const interrupt = (): void => {
    if (stopped) training.kill();
    else training.stop();
    if (!json && !stopped) process.stderr.write('\nStopping after this step; once more to end at once.\n');
    stopped = true;
  };
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt);
  try {
    await training.ended;
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
    printer.end();
  }
  if (stopped) process.exitCode = 130;
}
