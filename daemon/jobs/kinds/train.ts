import type { AdapterContent } from '../../catalog/adapters.ts';
import type { Adapter } from '../../export/adapter.ts';
import { isOwnFolder, metricsFile, refuseOccupied } from '../../train/folder.ts';
import { readMetrics } from '../../train/metrics.ts';
import { preflightTraining } from '../../train/preflight.ts';
import type { Prepared } from '../../train/prepare.ts';
import { train as run } from '../../train/run.ts';
import type { Opened } from '../messages.ts';
import { baseOf, contentOf } from './content.ts';
import type { Kind, KindContext } from './kind.ts';

/** Trains an adapter. Its checkpoints are in the run's folder: another attempt goes on from the newest. */
export const train: Kind<'train'> = {
  name: 'train',

  async estimate({ settings }, options) {
    const { memory, ...details } = await preflightTraining(settings, options);
    return { memoryBytes: memory.total, details: { ...details, memory } };
  },

  async run({ settings, resume: asked, again }, { emit, opened, metrics, stopped }) {
    const resume = asked || (again && isOwnFolder(settings));
    if (!resume) refuseOccupied(settings.out);
    let adapter: AdapterContent | undefined;
    const done = await run(settings, {
      ...{ stopped, resume },
      emit: (event) => {
        // The daemon may have died with steps or the first evaluation in hand that the checkpoint knows.
        if (event.event === 'start') tellAgain(settings.out, metrics);
        emit(event);
      },
      onPrepared: (prepared) => opened(openedOf(prepared)),
      onAdapter: (trained: Adapter, { base }) => (adapter = contentOf(trained, base, settings.base)),
    });
    if (done === undefined) return undefined;
    const { event: _, adapter: dir, ...figures } = done;
    return { result: { dir, ...figures }, ...(adapter === undefined ? {} : { adapter }) };
  },
};

const LINES = 2000; // of one message
function tellAgain(out: string, metrics: KindContext['metrics']): void {
  const lines = readMetrics(metricsFile(out));
  for (let i = 0; i < lines.length; i += LINES) metrics(lines.slice(i, i + LINES));
}

const openedOf = ({ base, dataset, settings }: Prepared): Opened => ({
  base: baseOf(base, settings.base),
  dataset: {
    hash: dataset.hash,
    path: settings.data,
    format: dataset.format,
    rows: dataset.rows + dataset.heldOutRows,
  },
});
