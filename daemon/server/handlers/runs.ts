import { newestEvaluation } from '../../catalog/evaluations.ts';
import { runMetrics } from '../../catalog/metrics.ts';
import { deleteRun, getRun, listRuns, readRun, restoreRun } from '../../catalog/runs.ts';
import { renameRun } from '../../catalog/runNames.ts';
import { runSamples } from '../../catalog/samples.ts';
import type * as runs from '../../protocol/runs.ts';
import { type GivenSettings, storedSettings } from '../../train/settings.ts';
import type { Handlers } from '../context.ts';

export const runHandlers: Handlers<typeof runs> = {
  list: ({ daemon: { catalog } }, params) => listRuns(catalog.db, params),
  get: ({ daemon: { catalog } }, { run }) => getRun(catalog.db, run),
  metrics: ({ daemon: { catalog } }, params) => runMetrics(catalog.db, params),
  samples: async ({ daemon: { catalog } }, { run }) => ({ samples: await runSamples(catalog.db, run) }),
  completions: ({ daemon: { catalog } }, { run }) => newestEvaluation(catalog.db, run),
  heldOut: async ({ daemon: { catalog, reader } }, { run, from, limit }) => {
    const { settings } = await readRun(catalog.db, run);
    return reader.ask('heldOut', { settings: storedSettings(settings as unknown as GivenSettings), from, limit });
  },
  update: ({ daemon: { catalog, actor } }, params) => catalog.change((change) => renameRun(change, params, actor)),
  remove: ({ daemon: { catalog, actor } }, params) => catalog.change((change) => deleteRun(change, params, actor)),
  restore: ({ daemon: { catalog, actor } }, { run }) => catalog.change((change) => restoreRun(change, run, actor)),
};
