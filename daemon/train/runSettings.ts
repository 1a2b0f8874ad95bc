import { settings, type ValuesOf } from '../settings/setting.ts';

/** Settings of the run itself. */
export const RUN_GROUP = {
  name: 'run',
  label: 'Run',
  settings: settings(
    {
      name: 'seed',
      label: 'Seed',
      help: 'Seed of the order of rows, of dropout and of random initial values. The same seed gives the same bits.',
      kind: 'number',
      whole: true,
      least: 0,
      most: 2 ** 32 - 1,
      default: 0,
    },
    {
      name: 'threads',
      label: 'Threads',
      help: 'Number of threads that one operator uses.',
      kind: 'number',
      whole: true,
      least: 1,
      most: 1024, // more is probably a typing error, and onnxruntime would really start so many
      unit: 'threads',
      standard: 'one per core',
      resumable: true,
    },
    {
      name: 'checkpointEvery',
      label: 'Steps between checkpoints',
      help: 'How often the run is saved: a crash loses at most this many steps.',
      kind: 'number',
      whole: true,
      least: 1,
      most: 2 ** 31 - 1,
      default: 50,
      unit: 'steps',
      resumable: true,
    },
    {
      name: 'projection',
      label: 'Store A and B',
      help: "Also write VeRA's random matrices into the adapter, as PEFT does by default; without them they come back from the seed.",
      kind: 'flag',
      default: false,
      resumable: true,
      advanced: true,
    },
  ),
} as const;

/** Adds the number of threads for this machine if none was given. */
export type RunSettings = ValuesOf<typeof RUN_GROUP.settings> & { readonly threads: number };
