import { DEMO_MODEL } from '../demo/run.ts';
import type { DemoEvent, MethodSavings } from '../demo/run.ts';
import type { TrainSettings } from '../train/settings.ts';
import { bytesText, durationText } from '../protocol/text.ts';
import { print } from './output.ts';
import { table } from './table.ts';
import { trainPrinter } from './trainPrinter.ts';

type Of<K extends DemoEvent['event']> = Extract<DemoEvent, { event: K }>;

const number = (value: number): string => value.toLocaleString('en-US');
/** Indents every line. */
const code = (text: string): string => text.replace(/^/gm, '    ');

/** Prints the demo for a person who sees it for the first time. `here` shortens a path. */
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
      `  On ${number(tokens)} tokens of the held-out files, the model's loss is ${loss.toFixed(4)}:`,
      `  guessing the next token is as hard as choosing one of ${Math.exp(loss).toFixed(0)}.`,
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
      `  Training changed ${number(trainableParameters)} numbers (${((100 * trainableParameters) / parameters).toFixed(2)} % of the model's). The adapter has ${bytesText(adapterBytes)}.`,
    );
    say('', '4. What it learned');
    if (baseEvalLoss !== null && evalLoss !== null) {
      const words = evalLoss < baseEvalLoss ? 'falls' : 'does not fall';
      say(
        `  Held-out loss ${words} from ${baseEvalLoss.toFixed(4)} to ${evalLoss.toFixed(4)}:`,
        `  guessing the next token is now as hard as choosing one of ${Math.exp(evalLoss).toFixed(0)}; before, it was one of ${Math.exp(baseEvalLoss).toFixed(0)}.`,
      );
    }
    for (const [i, { prompt, text }] of before.entries()) {
      say('', '  The most likely continuation of', code(prompt), '  before:', code(text));
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
          say('This is the demo of VeRA Studio. Everything runs on this machine; nothing is downloaded or sent.', '');
          say('1. Model and data');
          return say(
            `  Model: a small model for code with ${number(parameters)} parameters, in ${here(event.folder)}${event.folder === DEMO_MODEL ? ' (its README says how it was made)' : ''}.`,
          );
        case 'start':
          return say(
            `  Data: the source code in ${here(settings?.data ?? '')}. It trains on ${number(event.rows)} files; ${number(event.heldOutRows)} more files are held out and only measure the loss.`,
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
            '5. Size of the adapter, compared with LoRA on the same layers',
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
  'The model does not change. VeRA adds b * (B (d * (A x))) to the output of every linear layer. A and B are random matrices',
  'that all layers share; they are made from a seed. Training only changes the small vectors d and b.',
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
  const wide =
    'The wider the model, the more VeRA saves: the size of LoRA grows with width times rank, that of VeRA with width plus rank.';
  return [...text.split('\n'), wide].map((line) => `  ${line}`);
}

function mergedLines({ out, report }: Of<'merged'>, here: (path: string) => string): string[] {
  const { maxDifference, maxLogit, positions, sameTop, dtypes } = report;
  const rounded = dtypes.filter((dtype) => dtype !== 'F32' && dtype !== 'F64');
  const why =
    rounded.length > 0 ? ` The difference is the rounding of the merged weights to ${rounded.join(' and ')}.` : '';
  return [
    '6. The merged model',
    `  ${here(out)} is the model with the adapter merged into its weights. Any program that reads Hugging Face models can load it.`,
    `  It was checked: its logits differ by at most ${maxDifference.toPrecision(2)} from those of model and adapter (the largest is ${maxLogit.toPrecision(2)}),`,
    `  and the most likely token is the same at ${sameTop} of ${positions} positions.${why}`,
  ];
}
