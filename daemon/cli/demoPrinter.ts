import { DEMO_MODEL } from '../demo/run.ts';
import type { DemoEvent, MethodSavings } from '../demo/run.ts';
import type { TrainSettings } from '../train/settings.ts';
import { bytesText, durationText } from '../protocol/text.ts';
import { print } from './output.ts';
import { table } from './table.ts';
import { trainPrinter } from './trainPrinter.ts';

type Of<K extends DemoEvent['event']> = Extract<DemoEvent, { event: K }>;

const number = (value: number): string => value.toLocaleString('en-US');
/** Every line moved in, as code stands in a text. */
const code = (text: string): string => text.replace(/^/gm, '    ');

/** Prints the demo for someone who sees it for the first time. `here` shortens a path. */
export function demoPrinter(here: (path: string) => string): { print: (event: DemoEvent) => void; end: () => void } {
  let bar: ReturnType<typeof trainPrinter> | undefined;
  let settings: TrainSettings | undefined;
  let parameters = 0;
  let report: Of<'report'> | undefined;
  let learning = false;
  const before: Of<'sample'>[] = [];
  const after: Of<'sample'>[] = [];
  const say = (...lines: string[]): void => {
    bar?.end();
    lines.forEach(print);
  };

  const evaluated = ({ step, loss, tokens }: Of<'eval'>): void => {
    if (step > 0) return;
    say(
      '',
      '2. Before training',
      `  On ${number(tokens)} tokens of the held-out files the model's loss is ${loss.toFixed(4)}:`,
      `  each next token is as hard to guess as one of ${Math.exp(loss).toFixed(0)}.`,
    );
  };
  const stepped = (event: Of<'step'>): void => {
    if (!learning) {
      learning = true;
      say('', `3. Training ${event.steps} steps of VeRA`, ...METHOD.map((line) => `  ${line}`));
    }
    bar?.print(event);
  };
  const done = ({ baseEvalLoss, evalLoss, trainableParameters, adapterBytes, peakRssBytes }: Of<'done'>): void => {
    const took = report ? ` in ${durationText(report.trainSeconds)}` : '';
    say(
      `  ${number(report?.tokens ?? 0)} tokens${took}, peak memory ${bytesText(peakRssBytes)}.`,
      `  ${number(trainableParameters)} numbers were trained, ${((100 * trainableParameters) / parameters).toFixed(2)} % of the model; the adapter has ${bytesText(adapterBytes)}.`,
    );
    say('', '4. What it learned');
    if (baseEvalLoss !== null && evalLoss !== null) {
      const words = evalLoss < baseEvalLoss ? 'falls' : 'does not fall';
      say(
        `  Held-out loss ${words} from ${baseEvalLoss.toFixed(4)} to ${evalLoss.toFixed(4)}:`,
        `  each next token is now as hard to guess as one of ${Math.exp(evalLoss).toFixed(0)}, before one of ${Math.exp(baseEvalLoss).toFixed(0)}.`,
      );
    }
    for (const [i, { prompt, text }] of before.entries()) {
      say('', '  The likeliest continuation of', code(prompt), '  before:', code(text));
      say('  after:', code(after[i]?.text ?? ''));
    }
  };

  return {
    end: () => bar?.end(),
    print: (event) => {
      switch (event.event) {
        case 'model':
          ({ settings, parameters } = event);
          bar = trainPrinter(settings);
          say('The demo of VeRA Studio: everything happens on this machine, nothing is downloaded or sent.', '');
          say('1. What there is');
          return say(
            `  The model: a small one for code, ${number(parameters)} parameters, in ${here(event.folder)}${event.folder === DEMO_MODEL ? ' (how it was made is in its README)' : ''}.`,
          );
        case 'start':
          return say(
            `  The data: the source in ${here(settings?.data ?? '')}, ${number(event.rows)} files to learn from and ${number(event.heldOutRows)} held out, which it never learns from.`,
          );
        case 'sample':
          return void (event.when === 'before' ? before : after).push(event);
        case 'eval':
          return evaluated(event);
        case 'step':
          return stepped(event);
        case 'report':
          report = event;
          return;
        case 'done':
          return done(event);
        case 'savings':
          return say(
            '',
            '5. What it costs to keep, beside LoRA on the same layers',
            ...savingsLines(event, parameters),
          );
        case 'merged':
          return say('', ...mergedLines(event, here));
        case 'note':
          return say(`  Note: ${event.text}`);
        case 'progress':
          return bar?.print(event);
        default:
          return;
      }
    },
  };
}

const METHOD = [
  'The model stays as it is. Every linear layer gets b * (B (d * (A x))) added to what it gives. A and B are random, shared',
  'by all layers and made again from a seed; only the short vectors d and b are trained.',
];

function savingsLines({ own, baselines }: Of<'savings'>, parameters: number): string[] {
  const row = ({ method, rank, parameters: trained, bytes, optimizerBytes }: MethodSavings): string[] => [
    rank === null ? method : `${method} r=${rank}`,
    number(trained),
    `${((100 * trained) / parameters).toPrecision(2)} %`,
    bytesText(bytes),
    bytesText(1000 * bytes),
    bytesText(optimizerBytes),
    bytes === own.bytes ? '' : `${(bytes / own.bytes).toFixed(1)} x`,
  ];
  const text = table([
    ['', 'trained', 'of the model', 'adapter', '1,000 of them', 'optimizer', `against ${own.method}`],
    ...[own, ...baselines].map(row),
  ]);
  const wide = 'The wider the model, the more VeRA saves: LoRA grows with width times rank, VeRA with their sum.';
  return [...text.split('\n'), wide].map((line) => `  ${line}`);
}

function mergedLines({ out, report }: Of<'merged'>, here: (path: string) => string): string[] {
  const { maxDifference, maxLogit, positions, sameTop, dtypes } = report;
  const rounded = dtypes.filter((dtype) => dtype !== 'F32' && dtype !== 'F64');
  const why =
    rounded.length > 0 ? ` The difference is the rounding of the merged weights to ${rounded.join(' and ')}.` : '';
  return [
    '6. The merged model',
    `  ${here(out)} is the model with the adapter in its weights, which any program that reads Hugging Face models can load.`,
    `  Checked before it was written: its logits differ by at most ${maxDifference.toPrecision(2)} from those of model and adapter (they reach ${maxLogit.toPrecision(2)}),`,
    `  and the likeliest token is the same at ${sameTop} of ${positions} positions.${why}`,
  ];
}
