import type { Command } from 'commander';
import { cacheFolder } from '../home.ts';
import { optionsOf, rankOf } from '../methods/options.ts';
import { BASELINES, LINEAR_METHODS } from '../methods/registry.ts';
import { selectSites } from '../methods/targets.ts';
import type { LinearMethod } from '../methods/method.ts';
import type { LinearSite } from '../models/adaptation.ts';
import type { ModelConfig } from '../models/model.ts';
import { linearSites } from '../models/registry.ts';
import { resolveConfig } from '../models/resolve.ts';
import { tensorShapes } from '../models/tensors.ts';
import { VeraError } from '../protocol/errors.ts';
import { type Plan, planOf } from '../train/plan.ts';
import { measureThroughput } from '../train/throughput.ts';
import type { Throughput } from '../train/throughput.ts';
import { bytesText, durationText } from '../protocol/text.ts';
import { positiveInteger, positiveIntegers } from './options.ts';
import { print, printJson } from './output.ts';
import { paperLines } from './paperTable.ts';
import { table } from './table.ts';
import { weightFormatOption } from './weightFormat.ts';

interface Flags {
  base?: string;
  rank: number;
  targets: string;
  layers?: string;
  batch: number;
  length: number;
  steps?: number;
  precision: string;
  paper?: boolean;
  json?: boolean;
}

/** The method that is planned. */
const OWN = LINEAR_METHODS[0]!;
const MAX_RANK = 65_536; // as in training
const MAX_TOKENS = 2 ** 24; // of a step, as in training
const MAX_PROJECTION = 2 ** 28; // elements of A and B that an estimate is worth allocating
const COUNTS = [1, 1_000, 1_000_000];

const HELP = `
Parameters and adapter bytes are exact; memory and time are estimates: memory from the graph of the step that would run,
time from what this machine reached in a third of a second. Of the base only its config is needed.
With --json: {"vera":{"rank":n,"parameters":n,"bytes":n,...},"lora":[{"rank":n,"parameters":n,"bytes":n,...}],...}`;

export function registerPlan(program: Command): void {
  const command = program
    .command('plan')
    .description('show what an adapter will cost, before training and beside other methods')
    .option('--base <model>', 'Hugging Face folder, GGUF file or hub id')
    .option('--rank <r>', `rank of ${OWN.label}`, positiveInteger, rankOf(optionsOf(OWN, {})) ?? undefined)
    .option('--targets <t>', 'layers to adapt: names, all-linear, or a regular expression', 'q_proj,v_proj')
    .option('--layers <list>', 'only these transformer layers, as in 0-5,10')
    .option('--batch <n>', 'rows of a batch', positiveInteger, 4)
    .option('--length <n>', 'tokens of a row', positiveInteger, 512)
    .option('--steps <n>', 'say how long so many steps take', positiveInteger)
    .addOption(weightFormatOption())
    .option('--paper', "print Table 1 of VeRA's paper (arXiv 2310.11454) from the same formulas, and nothing else")
    .addHelpText('after', HELP)
    .action(plan);
  for (const { method, ranks } of BASELINES)
    command.option(`--${method.name}-ranks <list>`, `ranks of ${method.label} to compare with`, positiveIntegers, [
      ...ranks,
    ]);
}

/** The ranks of each baseline, as they were asked for. */
const baselinesOf = (flags: Flags): { method: LinearMethod; ranks: readonly number[] }[] =>
  BASELINES.map(({ method, ranks }) => ({
    method,
    ranks: (flags as unknown as Record<string, readonly number[]>)[`${method.name}Ranks`] ?? ranks,
  }));

async function plan(flags: Flags): Promise<void> {
  if (flags.paper) {
    const { json, lines } = paperLines();
    if (flags.json) printJson(json);
    else lines.forEach(print);
    return;
  }
  if (flags.base === undefined)
    throw new VeraError('usage', 'say for which model with --base (or --paper for the table of the paper)');
  check(flags);
  const config = await resolveConfig(flags.base, { cache: cacheFolder() });
  const sites = selectSites(linearSites(config), flags.targets, flags.layers);
  checkSize(sites, flags);
  const rates = await measureThroughput(flags.precision);
  const own = planOf(OWN, config, sites, optionsOf(OWN, { rank: flags.rank }), flags, rates);
  const others = baselinesOf(flags).flatMap(({ method, ranks }) =>
    ranks.map((rank) => planOf(method, config, sites, optionsOf(method, { rank }), flags, rates)),
  );
  if (flags.json) printJson(jsonOf(flags, config, sites, own, others, rates));
  else print(textOf(flags, config, sites, own, others, rates));
}

function check(flags: Flags): void {
  const { rank, batch, length } = flags;
  const huge = [rank, ...baselinesOf(flags).flatMap(({ ranks }) => ranks)].find((value) => value > MAX_RANK);
  if (huge !== undefined)
    throw new VeraError('usage', `a rank of ${huge} is more than the ${MAX_RANK} that can be trained`);
  if (batch * length > MAX_TOKENS) {
    throw new VeraError('usage', `--batch ${batch} times --length ${length} is more than ${MAX_TOKENS} tokens a step`);
  }
}

function checkSize(sites: readonly LinearSite[], { rank }: Flags): void {
  const widest = Math.max(...sites.map(({ dIn }) => dIn)) + Math.max(...sites.map(({ dOut }) => dOut));
  if (rank * widest > MAX_PROJECTION) {
    throw new VeraError(
      'usage',
      `--rank ${rank}: A and B would have ${rank * widest} elements; use a rank of at most ${Math.floor(MAX_PROJECTION / widest)}`,
    );
  }
}

const modelParameters = (config: ModelConfig): number =>
  [...tensorShapes(config).values()].reduce((sum, shape) => sum + shape.reduce((a, b) => a * b, 1), 0);

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
  const byName = <T>(each: (plan: Plan) => T): Record<string, T[]> =>
    Object.fromEntries(
      BASELINES.map(({ method }) => [method.name, others.filter((plan) => plan.method === method).map(each)]),
    );
  return {
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
      parameters: modelParameters(config),
      adaptedLayers: sites.length,
    },
    settings: { targets, ...(layers === undefined ? {} : { layers }), batch, length, precision },
    memory: own.memory,
    throughput: rates,
  };
}

function textOf(
  { base, targets, batch, length, steps, precision }: Flags,
  config: ModelConfig,
  sites: readonly LinearSite[],
  own: Plan,
  others: readonly Plan[],
  rates: Throughput,
): string {
  const whole = modelParameters(config);
  const plans = [own, ...others];
  const name = ({ method, rank }: Plan): string => `${method.label} r=${rank}`;
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
    `${base ?? ''}: ${config.architecture}, ${whole.toLocaleString('en-US')} parameters; ${targets}: ${sites.length} layers adapted; ${batch} x ${length} tokens a step, ${precision}`,
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
