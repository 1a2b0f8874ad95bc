import { DEFAULT_LENGTH, LENGTHS } from '../../daemon/data/settings.ts';
import { DEFAULT_LINES, EXCLUDED } from '../../daemon/inline/settings.ts';
import { SERVE_SETTINGS } from '../../daemon/serve/settings.ts';
import { checkedReaders } from './datasets.ts';
import { SETTINGS, type SettingName, SETTINGS_SECTION } from '../contributions.ts';

interface Setting {
  readonly type: 'string' | 'boolean' | 'integer' | 'number' | 'array' | 'object';
  readonly default: string | boolean | number | readonly string[] | Readonly<Record<string, boolean>>;
  readonly description: string;
  /** machine: the value never comes from a workspace, because a stranger may have written it. */
  readonly scope: 'machine' | 'window' | 'resource';
  /** Of the entries of an array or of the properties of an object. */
  readonly items?: { readonly type: 'string' };
  readonly additionalProperties?: { readonly type: 'boolean' };
  readonly enum?: readonly string[];
  readonly enumDescriptions?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
}

const [precision] = SERVE_SETTINGS;

const listed = (names: readonly string[]): string => `${names.slice(0, -1).join(', ')} and ${names.at(-1)!}`;

export const SETTING_DESCRIPTIONS: Readonly<Record<SettingName, Setting>> = {
  baseModel: {
    type: 'string',
    default: '',
    scope: 'machine',
    description:
      'Base model that fine-tuning suggests: a folder of Hugging Face files, a GGUF file or a hub id such as HuggingFaceTB/SmolLM2-135M-Instruct. If empty, it suggests the model you used last, or the demo model.',
  },
  preset: {
    type: 'string',
    default: 'balanced',
    scope: 'resource',
    description:
      'How thorough a run is if you start it with Enter, without choosing. The base model comes from `#veraStudio.baseModel#`.',
    enum: ['quick', 'balanced', 'thorough'],
    enumDescriptions: [
      'Fifty steps on short rows, for a first impression.',
      'One pass over the data.',
      'Three passes over the data with all linear layers. Stops early when the held-out loss no longer falls.',
    ],
  },
  activateWhenDone: {
    type: 'boolean',
    default: false,
    scope: 'resource',
    description:
      'When a run is done, make its adapter the active adapter of the project. It then answers in chat and writes inline completions.',
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
    description: `Check ${listed(checkedReaders.map(({ name }) => name))} datasets while you edit them, and show how the model reads a row.`,
  },
  datasetLength: {
    type: 'integer',
    default: DEFAULT_LENGTH,
    minimum: LENGTHS.least,
    maximum: LENGTHS.most,
    scope: 'resource',
    description:
      'Longest row, in tokens, that the check of datasets takes as fitting. Longer rows are marked. It has an effect only if `#veraStudio.dataset.check#` is on; a run has a setting of its own for it.',
  },
  datasetColumns: {
    type: 'string',
    default: '',
    scope: 'resource',
    description:
      'Which columns of the datasets in this folder are read as what, as in prompt=frage,completion=antwort. Used when fine-tuning.',
  },
  inlineEnabled: {
    type: 'boolean',
    default: true,
    scope: 'resource',
    description:
      'Show inline completions (ghost text) of the active adapter while you type. Everything stays on this machine. They are off in workspaces that you do not trust.',
  },
  inlineLanguages: {
    type: 'object',
    additionalProperties: { type: 'boolean' },
    default: {
      '*': true,
      plaintext: false,
      markdown: false,
      log: false,
      scminput: false,
      jsonl: false,
      csv: false,
      tsv: false,
    },
    scope: 'resource',
    description:
      'Languages with inline completions, by language identifier. `*` stands for all languages that are not listed.',
  },
  inlineExclude: {
    type: 'array',
    items: { type: 'string' },
    default: EXCLUDED,
    scope: 'resource',
    description:
      'Files without inline completions, as glob patterns. Their text is never used for completions in other files either. A pattern without `/` is compared with the name of the file.',
  },
  inlineMaxLines: {
    type: 'integer',
    default: DEFAULT_LINES,
    minimum: 1,
    maximum: 100,
    scope: 'resource',
    description: 'Most lines of an inline completion. With 1, each completion ends with its line.',
  },
  inlineWithoutAdapter: {
    type: 'boolean',
    default: false,
    scope: 'window',
    description: 'If no adapter is active, let the base model that was used last complete code by itself.',
  },
  stateFolder: {
    type: 'string',
    default: '',
    scope: 'machine',
    description:
      'State folder: the catalog, runs and downloaded models. If empty, the environment variable VERA_HOME names it; without that it is .vera in your home folder. Takes effect after you reload the window.',
  },
  idleMinutes: {
    type: 'number',
    default: 60,
    minimum: 0,
    maximum: 1_000_000,
    scope: 'machine',
    description: 'Stop the daemon after this many minutes without jobs and without windows.',
  },
  maxRunning: {
    type: 'integer',
    default: 0,
    minimum: 0,
    maximum: 1000,
    scope: 'machine',
    description:
      'How many runs may train at the same time. With 0, the daemon chooses from the number of cores. Takes effect when the daemon starts.',
  },
  servePrecision: {
    type: 'string',
    default: precision.default,
    scope: 'machine',
    description:
      'Number format of the base model while it answers: completions, chat and requests of other programs. Takes effect when the daemon starts.',
    enum: precision.values.map(({ value }) => value),
    enumDescriptions: precision.values.map(({ label }) => label),
  },
  keepTexts: {
    type: 'boolean',
    default: false,
    scope: 'machine',
    description:
      'Store the texts of inline completions on this machine, with the name of their file, for at most 90 days. Without it, only counts are stored. Nothing is sent anywhere.',
  },
};

export const settingId = (name: SettingName): string => `${SETTINGS_SECTION}.${SETTINGS[name]}`;
/** Settings that an untrusted workspace cannot change. */
export const RESTRICTED: readonly SettingName[] = [
  'baseModel',
  'stateFolder',
  'idleMinutes',
  'maxRunning',
  'activateWhenDone',
  'servePrecision',
  'keepTexts',
];
