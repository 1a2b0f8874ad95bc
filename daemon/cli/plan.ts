import { chosenFormat } from '../train/chosenFormat.ts';
import { defaultThreads } from '../runtime/threads.ts';
import type { Command } from 'commander';
import { checkBatchSize, DEFAULT_LENGTH } from '../data/settings.ts';
import { cacheFolder } from '../home.ts';
import { layoutOf } from '../layout.ts';
import { optionsOf, rankOf } from '../methods/options.ts';
import { adapterMethod, BASELINES, LINEAR_METHODS } from '../methods/registry.ts';
import { allMethodSettings, METHOD_GROUP, methodSettings, refuseOthers } from '../methods/settings.ts';
import { selectSites } from '../methods/targets.ts';
import type { LinearMethod, MethodOptions } from '../methods/method.ts';
import type { LinearSite } from '../models/adaptation.ts';
import type { ModelConfig } from '../models/model.ts';
import { linearSites } from '../models/registry.ts';
import { resolveConfig } from '../models/resolve.ts';
import { parameterCount } from '../models/tensors.ts';
import { VeraError } from '../protocol/errors.ts';
import { type Plan, planOf } from '../train/adapterPlan.ts';
import { measureThroughput } from '../train/throughput.ts';
import type { Throughput } from '../train/throughput.ts';
import { bytesText, durationText } from '../protocol/text.ts';
import { checkSetting, defaultsOf, type Setting, settingError, type SettingValues } from '../settings/setting.ts';
import { GROUPS } from '../train/settings.ts';
import { positiveIntegers } from './options.ts';
import { print, printJson } from './output.ts';
import { paperLines } from './paperTable.ts';
import { addSettings, givenSettings } from './settingOptions.ts';
import { addMethodSetting } from './trainOptions.ts';
import { table } from './table.ts';

interface Flags {
  base?: string;
  method: string;
  targets: string;
  layers?: string;
  batch: number;
  length: number;
  steps?: number;
  precision: string;
  /** Why the weights have this format, where it was not given. */
  why?: string;
  paper?: boolean;
  json?: boolean;
}

/** Whole models are not planned here: they leave no adapter. */
const METHOD: Setting = {
  ...METHOD_GROUP.settings[0],
  help: 'Method to plan for.',
  values: METHOD_GROUP.settings[0].values.filter(({ value }) => LINEAR_METHODS.some(({ name }) => name === value)),
};
/** Settings of every run on which the costs depend. A plan needs no model at hand, so the row length has a fixed default. */
const SETTINGS = [
  METHOD,
  ...GROUPS.flatMap(({ settings }) => settings)
    .filter(({ name }) => ['batch', 'length', 'steps', 'precision'].includes(name))
    .map((setting) => {
      if (setting.name === 'length') return { ...setting, standard: String(DEFAULT_LENGTH) };
      return setting.name === 'steps'
        ? { ...setting, help: 'Show how long this many steps take.', standard: '' }
        : setting;
    }),
];
/** Settings of methods that make adapters, without learning rates, which cost nothing. */
const METHOD_SETTINGS = allMethodSettings().filter(({ name }) =>
  LINEAR_METHODS.some(
    (method) =>
      methodSettings(method).some((one) => one.name === name) &&
      !method.rates.some(({ setting }) => setting.name === name),
  ),
);
const MAX_FROZEN = 2 ** 28; // elements of frozen tensors (VeRA's A and B) that an estimate is worth allocating
const COUNTS = [1, 1_000, 1_000_000];

const HELP = `
Parameters and adapter bytes are exact. Memory and time are estimates: memory comes from the graph of a training step, time from a
measurement of this machine that takes a third of a second. Only the config of the base is needed.
With --json: {"method":name,"plan":{"rank":n,"parameters":n,"bytes":n,...},"vera":{...},"lora":[{"rank":n,...}],...}. The same plan is
also under the name of its method. Each method that it is compared with has a list of plans, one per rank.`;

export function registerPlan(program: Command): void {
  const command = program
    .command('plan')
    .description('show what an adapter will cost, before training and beside other methods')
    .option('--base <model>', 'Hugging Face folder, GGUF file or hub id')
    .option('--paper', "print Table 1 of VeRA's paper (arXiv 2310.11454) from the same formulas, and nothing else")
    .addHelpText('after', HELP)
    .action(plan);
  addSettings(command, SETTINGS);
  for (const setting of METHOD_SETTINGS) addMethodSetting(command, setting);
  for (const { method, ranks } of BASELINES)
    command.option(
      `--${method.name}-ranks <list>`,
      `ranks of ${method.label} to compare with, separated by commas (default: ${ranks.join(',')})`,
      positiveIntegers,
    );
}

/** The ranks of each baseline, as they were asked for. */
const baselinesOf = (flags: Flags): { method: LinearMethod; ranks: readonly number[] }[] =>
  BASELINES.map(({ method, ranks }) => ({
    method,
    ranks: (flags as unknown as Record<string, readonly number[]>)[`${method.name}Ranks`] ?? ranks,
  }));

async function plan(given: Partial<Flags> & Record<string, unknown>): Promise<void> {
  const method = adapterMethod(given.method ?? METHOD_GROUP.settings[0].default);
  const own = methodSettings(method);
  refuseOthers(method, givenSettings(METHOD_SETTINGS, given));
  const defaults = { length: DEFAULT_LENGTH, ...defaultsOf(SETTINGS), ...defaultsOf(own) };
  const flags = { ...defaults, ...given, method: method.name } as Flags & SettingValues;
  if (flags.paper) {
    const { json, lines } = paperLines();
    if (flags.json) printJson(json);
    else lines.forEach(print);
    return;
  }
  if (flags.base === undefined)
    throw new VeraError('usage', 'choose a model with --base, or --paper for the table of the paper');
  check(flags);
  const config = await resolveConfig(flags.base, { cache: cacheFolder() });
  const sites = selectSites(linearSites(config), flags.targets, flags.layers);
  const options = optionsOf(method, givenSettings(own, flags));
  checkSize(method, sites, options);
  const { precision, why } = await chosenFormat({ ...flags, threads: defaultThreads() }, config, cacheFolder());
  Object.assign(flags, { precision, why });
  const rates = await measureThroughput(precision);
  const chosen = planOf(method, config, sites, options, flags, rates);
  const others = baselinesOf(flags).flatMap(({ method, ranks }) =>
    ranks.map((rank) => planOf(method, config, sites, optionsOf(method, { rank }), flags, rates)),
  );
  if (flags.json) printJson(jsonOf(flags, config, sites, chosen, others, rates));
  else print(textOf(flags, config, sites, chosen, others, rates));
}

function check(flags: Flags): void {
  for (const { method, ranks } of baselinesOf(flags)) {
    const setting = method.options.find(({ name }) => name === 'rank');
    const named = { name: `${method.name}Ranks`, label: `Rank of ${method.label}` };
    if (setting !== undefined) for (const rank of ranks) checkSetting({ ...setting, ...named }, rank);
  }
  checkBatchSize(flags);
}

/** Refuses frozen tensors that would take longer to make than an estimate is worth. */
function checkSize(method: LinearMethod, sites: readonly LinearSite[], options: MethodOptions): void {
  const tensors = method.frozen?.tensors(sites, options) ?? [];
  const count = layoutOf(tensors).size;
  const rank = rankOf(options);
  if (count <= MAX_FROZEN || rank === null) return;
  const most = Math.floor((MAX_FROZEN * rank) / count);
  throw settingError(
    `with Rank ${rank}, ${method.frozen!.label} would have ${count} elements; choose a rank of at most ${most}`,
    'rank',
  );
}

function jsonOf(
  flags: Flags,
  config: ModelConfig,
  sites: readonly LinearSite[],
  own: Plan,
  others: readonly Plan[],
  rates: Throughput,
): Record<string, unknown> {
  const { base, targets, layers, batch, length, steps, precision } = flags;
  const one = ({ method: _, memory, secondsPerStep, ...counted }: Plan): Record<string, unknown> => ({
    ...counted,
    peakMemoryBytes: memory.total,
    secondsPerStep,
    tokensPerSecond: (batch * length) / secondsPerStep,
    ...(steps === undefined ? {} : { seconds: steps * secondsPerStep }),
  });
  // A method that is compared with itself has its list under its name; its own plan is `plan`.
  const byName = <T>(each: (plan: Plan) => T): Record<string, T[]> =>
    Object.fromEntries(
      BASELINES.map(({ method }) => [method.name, others.filter((plan) => plan.method === method).map(each)]),
    );
  return {
    method: own.method.name,
    plan: one(own),
    [own.method.name]: one(own),
    ...byName(one),
    adapters: COUNTS.map((count) => ({
      count,
      [`${own.method.name}Bytes`]: count * own.bytes,
      ...byName(({ rank, bytes }) => ({ rank, bytes: count * bytes })),
    })),
    base: {
      spec: base,
      architecture: config.architecture,
      parameters: parameterCount(config),
      adaptedLayers: sites.length,
    },
    settings: { targets, ...(layers === undefined ? {} : { layers }), batch, length, precision },
    memory: own.memory,
    throughput: rates,
  };
}

function textOf(
  { base, targets, batch, length, steps, precision, why }: Flags,
  config: ModelConfig,
  sites: readonly LinearSite[],
  own: Plan,
  others: readonly Plan[],
  rates: Throughput,
): string {
  const whole = parameterCount(config);
  const plans = [own, ...others.filter(({ method, rank }) => method !== own.method || rank !== own.rank)];
  const name = ({ method, rank }: Plan): string => (rank === null ? method.label : `${method.label} r=${rank}`);
  const times = (bytes: number): string => (own.bytes === bytes ? '' : `${(bytes / own.bytes).toFixed(1)} x`);
  const costs = table([
    [
      '',
      'trained',
      'of the model',
      'adapter',
      `against ${own.method.label}`,
      'gradient',
      'optimizer',
      'peak memory *',
      'step *',
    ],
    ...plans.map((one) => [
      name(one),
      one.parameters.toLocaleString('en-US'),
      `${((100 * one.parameters) / whole).toPrecision(2)} %`,
      bytesText(one.bytes),
      times(one.bytes),
      bytesText(one.gradientBytes),
      bytesText(one.optimizerBytes),
      bytesText(one.memory.total),
      durationText(one.secondsPerStep),
    ]),
  ]);
  const many = table([
    ['adapters kept', ...plans.map(name)],
    ...COUNTS.map((count) => [count.toLocaleString('en-US'), ...plans.map(({ bytes }) => bytesText(count * bytes))]),
  ]);
  const { process: program, weights, constants, trainable, intermediates } = own.memory;
  const giga = (rate: number, unit: string): string => `${(rate / 1e9).toPrecision(3)} ${unit}`;
  const speeds = [
    ...Object.entries(rates.operations).map(([type, rate]) => giga(rate, `GOP/s in ${type}`)),
    giga(rates.trafficBytes, 'GB/s through memory'),
  ];
  return [
    `${base ?? ''}: ${config.architecture}, ${whole.toLocaleString('en-US')} parameters; ${targets}: ${sites.length} layers adapted; ${batch} x ${length} tokens a step, ${precision}${why === undefined ? '' : ` (${why})`}`,
    '',
    costs,
    '',
    ...(own.method.frozen
      ? [
          `${own.method.label}'s file with ${own.method.frozen.label} in it, as PEFT writes it by default: ${bytesText(own.fullBytes)}. Without them, they are made again from the seed.`,
          '',
        ]
      : []),
    many,
    '',
    `* estimates. Memory: ${bytesText(weights)} weights, ${bytesText(intermediates)} intermediate values, ${bytesText(constants)} constants, ${bytesText(trainable)} trained and its state, ${bytesText(program)} program.`,
    `  Time: this machine reached ${speeds.join(', ')} just now${steps === undefined ? '' : `; ${steps} steps of ${own.method.label} take about ${durationText(steps * own.secondsPerStep)}`}.`,
    '  Methods need about the same memory and time for training. They differ in the size of what is stored and sent.',
  ].join('\n');
}
