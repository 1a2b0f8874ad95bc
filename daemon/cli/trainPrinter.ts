import { optionsText } from '../methods/options.ts';
import { methodNamed } from '../methods/registry.ts';
import type { RunEvent, RunEventOf } from '../protocol/runEvents.ts';
import type { TrainSettings } from '../train/settings.ts';
import { bytesText, durationText } from '../protocol/text.ts';
import { runVerdict } from '../protocol/verdict.ts';
import { print } from './output.ts';
import { table } from './table.ts';

type StepEvent = Extract<RunEvent, { event: 'step' }>;

const BAR = 20; // characters
const PLAIN_EVERY_MS = 10_000; // often enough for a log file

const number = (value: number): string => Math.round(value).toLocaleString('en-US');
const loss = (value: number | null): string => (value === null ? 'none' : value.toFixed(4));

/** The settings of a run, as far as they are known; a job that trains nothing has none. */
type Shown = Partial<TrainSettings>;

/** Prints a run for a person: a bar on a terminal, plain lines elsewhere, and the result at the end. */
export function trainPrinter(settings: Shown): { print: (event: RunEvent) => void; end: () => void } {
  const { stderr } = process;
  const terminal = stderr.isTTY;
  let open = false;
  let lastPlain = -Infinity;
  const began = performance.now();
  let report: RunEventOf<'report'> | undefined;
  let shown = settings;
  const clear = (): void => {
    if (open) stderr.write('\r\u001b[K');
    open = false;
  };
  const bar = (text: string): void => {
    stderr.write(`\r\u001b[K${text.slice(0, Math.max(20, (stderr.columns || 80) - 1))}`);
    open = true;
  };
  const line = (text: string): void => {
    clear();
    print(text);
  };
  const step = (event: StepEvent): void => {
    if (terminal) bar(barOf(event));
    else if (performance.now() - lastPlain > PLAIN_EVERY_MS || event.step === event.steps) {
      lastPlain = performance.now();
      line(plainOf(event));
    }
  };
  return {
    end: clear,
    print: (event) => {
      if (event.event === 'start') shown = { ...settings, out: event.out, method: event.method };
      if (event.event === 'step') step(event);
      else if (event.event === 'progress') {
        if (terminal && event.fraction < 1) bar(progressText(event));
        else if (terminal) clear();
        else if (performance.now() - Math.max(began, lastPlain) > PLAIN_EVERY_MS) {
          lastPlain = performance.now();
          line(progressText(event));
        }
      } else if (event.event === 'report') report = event;
      else for (const text of linesOf(event, report, shown)) line(text);
    },
  };
}

/** 'measuring the base, 3 of 8  12 %, 4 min left'. */
function progressText({ text, fraction, secondsLeft }: RunEventOf<'progress'>): string {
  const left = secondsLeft === undefined ? '' : `, ${durationText(secondsLeft)} left`;
  return `${text}  ${Math.floor(fraction * 100)} %${left}`;
}

function barOf({ step, steps, ...rest }: StepEvent): string {
  const full = Math.min(BAR, Math.floor(BAR * (rest.fraction ?? step / steps)));
  return `[${'#'.repeat(full)}${'.'.repeat(BAR - full)}] ${figuresOf({ step, steps, ...rest })}`;
}

/** Whether a run of this method makes a model, and not an adapter. */
const makesModel = (method: string | undefined): boolean =>
  method !== undefined && methodNamed(method).adapts === 'all';

const plainOf = (event: StepEvent): string => `step ${figuresOf(event)}`;

type Figures = Omit<StepEvent, 'event'>;
const figuresOf = ({
  step,
  steps,
  loss: value,
  tokensPerSecond,
  rssBytes,
  peakRssBytes,
  secondsLeft,
}: Figures): string =>
  `${step}/${steps}  loss ${loss(value)}  ${number(tokensPerSecond)} tokens/s  ${bytesText(rssBytes)} (peak ${bytesText(peakRssBytes)})  ${durationText(secondsLeft)} left`;

function linesOf(event: RunEvent, report: RunEventOf<'report'> | undefined, settings: Shown): string[] {
  switch (event.event) {
    case 'start': {
      const { format, data, method, precision, precisionWhy, layers, trainableParameters, steps, step, out } = event;
      const used = methodNamed(method);
      const options = optionsText(used, settings, { advanced: false });
      const what = makesModel(method) ? 'all weights' : `${options === '' ? '' : `${options} `}on ${layers} layers`;
      return [
        `Data: ${format}. ${data}`,
        `Method: ${used.label}, ${what}, ${number(trainableParameters)} trainable parameters, base in ${precision}${precisionWhy === undefined ? '' : ` (${precisionWhy})`}`,
        `${step > 0 ? `Resuming after step ${step} of` : 'Training'} ${settings.steps === undefined ? 'about ' : ''}${steps} steps in ${out}`,
      ];
    }
    case 'eval':
      return [
        `${event.step === 0 ? 'Before training' : `After step ${event.step}`}: held-out loss ${loss(event.loss)} (${number(event.tokens)} tokens)${event.best ? ', the best so far' : ''}`,
      ];
    case 'sample':
      return [`Sample ${event.when} training: ${JSON.stringify(event.prompt)} -> ${JSON.stringify(event.text)}`];
    case 'note':
      return [`Note: ${event.text}`];
    case 'stopped':
      return [
        `Stopped after step ${event.step}${settings.out === undefined ? '' : `. Resume with: vera train --resume ${settings.out}`}`,
      ];
    case 'done':
      return report ? reportLines(event, report, settings) : [];
    default:
      return [];
  }
}

const sumOf = (values: Readonly<Record<string, number>>): number =>
  Object.values(values).reduce((sum, value) => sum + value, 0);

function reportLines(done: RunEventOf<'done'>, report: RunEventOf<'report'>, { method }: Shown): string[] {
  const { estimate, seconds, optimizerBytes, steps, adapterStep, stoppedEarly, trainSeconds, tokens } = report;
  const rows: [string, string, string][] = [
    ['', 'estimate', 'measured'],
    ['trainable parameters', estimate ? number(estimate.trainableParameters) : '', number(done.trainableParameters)],
    [
      makesModel(method) ? 'model file' : 'adapter file',
      estimate ? bytesText(estimate.adapterBytes) : '',
      bytesText(done.adapterBytes),
    ],
    ['gradient and optimizer', estimate ? bytesText(estimate.optimizerBytes) : '', bytesText(optimizerBytes)],
    ['peak memory', estimate ? bytesText(estimate.peakRssBytes) : '', bytesText(done.peakRssBytes)],
    [
      'speed',
      estimate ? `${number(estimate.tokensPerSecond)} tokens/s` : '',
      `${number(done.tokensPerSecond)} tokens/s`,
    ],
    ...(seconds
      ? [
          ['time', durationText(sumOf(seconds.estimate)), durationText(sumOf(seconds.measured))] as [
            string,
            string,
            string,
          ],
        ]
      : []),
  ];
  const kept = done.evalLoss === null ? '' : `; the adapter is that of step ${adapterStep}, the best on held-out rows`;
  const { sentence } = runVerdict({ ...report, ...done }, makesModel(method) ? 'the model' : 'the adapter');
  return [
    `${steps} steps${stoppedEarly ? ' (stopped early: held-out loss no longer fell)' : ''}, ${number(tokens)} tokens in ${durationText(trainSeconds)}${kept}`,
    `Loss: training ${loss(done.trainLoss)}; held-out ${loss(done.baseEvalLoss)} before, ${loss(done.evalLoss)} after`,
    table(makesModel(method) ? rows.map(([name, , measured]) => [name, measured]) : rows),
    sentence,
    ...(report.weights === undefined
      ? []
      : [`Base in ${report.weights.precision}${report.weights.why === undefined ? '' : `: ${report.weights.why}`}`]),
    `${makesModel(method) ? 'Model' : 'Adapter'}: ${done.adapter}`,
  ];
}
