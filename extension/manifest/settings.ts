import { checkedReaders } from './datasets.ts';
import { SETTINGS, type SettingName, SETTINGS_SECTION } from '../contributions.ts';

interface Setting {
  readonly type: 'string' | 'boolean' | 'integer' | 'number';
  readonly default: string | boolean | number;
  readonly description: string;
  /** machine: never from a workspace, whose author may be a stranger. */
  readonly scope: 'machine' | 'window' | 'resource';
  readonly enum?: readonly string[];
  readonly enumDescriptions?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
}

const listed = (names: readonly string[]): string => `${names.slice(0, -1).join(', ')} and ${names.at(-1)!}`;

export const SETTING_DESCRIPTIONS: Readonly<Record<SettingName, Setting>> = {
  baseModel: {
    type: 'string',
    default: '',
    scope: 'machine',
    description:
      'Base model that fine-tuning proposes: a folder of Hugging Face files, a GGUF file or a hub id such as HuggingFaceTB/SmolLM2-135M-Instruct. Empty: the one that was used last, else the demo model.',
  },
  preset: {
    type: 'string',
    default: 'balanced',
    scope: 'resource',
    description: 'How thorough a run is that is started with one Enter.',
    enum: ['quick', 'balanced', 'thorough'],
    enumDescriptions: [
      'Fifty steps of short rows: a first impression.',
      'One pass over the data.',
      'Three passes with all linear layers, stopped when held-out loss no longer falls.',
    ],
  },
  activateWhenDone: {
    type: 'boolean',
    default: false,
    scope: 'resource',
    description: 'Make a new adapter the active one of its project as soon as its run is done.',
  },
  statusBar: {
    type: 'boolean',
    default: true,
    scope: 'window',
    description: 'Show the active adapter, or the progress of a run, in the status bar.',
  },
  datasetCheck: {
    type: 'boolean',
    default: true,
    scope: 'window',
    description: `Check ${listed(checkedReaders.map(({ name }) => name))} datasets while they are edited, and show what the model will see of a row.`,
  },
  datasetLength: {
    type: 'integer',
    default: 512,
    minimum: 2,
    maximum: 1_048_576,
    scope: 'resource',
    description: 'Tokens of a row that the check of datasets reckons with.',
  },
  stateFolder: {
    type: 'string',
    default: '',
    scope: 'machine',
    description:
      'Folder of catalog, runs and downloaded models. Empty: the environment variable VERA_HOME, else .vera in your home folder. Takes effect after a reload.',
  },
  idleMinutes: {
    type: 'number',
    default: 60,
    minimum: 0,
    maximum: 1_000_000,
    scope: 'machine',
    description: 'Minutes without work or windows after which the daemon ends.',
  },
  maxRunning: {
    type: 'integer',
    default: 0,
    minimum: 0,
    maximum: 1000,
    scope: 'machine',
    description:
      'Runs at the same time; 0 lets the daemon choose by the number of cores. Takes effect when the daemon starts.',
  },
};

export const settingId = (name: SettingName): string => `${SETTINGS_SECTION}.${SETTINGS[name]}`;
/** Settings that a workspace cannot change before it is trusted. */
export const RESTRICTED: readonly SettingName[] = [
  'baseModel',
  'stateFolder',
  'idleMinutes',
  'maxRunning',
  'activateWhenDone',
];
