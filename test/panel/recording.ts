import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { MAX_ROWS } from '../../daemon/protocol/panel.ts';
import type { CompletionReport } from '../../daemon/protocol/completionReport.ts';
import { runVerdict } from '../../daemon/protocol/verdict.ts';
import type { Cost, PanelCompletions, PanelRun, Sample, ToPanel } from '../../daemon/protocol/panel.ts';
import { columnsOf, metricOf } from '../../daemon/protocol/metrics.ts';
import type { RunEvent } from '../../daemon/protocol/runEvents.ts';
import type { RecordedRun } from './record.ts';

const file = join(import.meta.dirname, '../fixtures/panel/recording.json');
/** The recorded events of four runs of the demo model. `node test/panel/record.ts` records them again. */
export const RECORDED = JSON.parse(readFileSync(file, 'utf8')) as readonly RecordedRun[];

type EventOf<K extends RunEvent['event']> = Extract<RunEvent, { event: K }>;
const lastOf = <K extends RunEvent['event']>(events: readonly RunEvent[], kind: K): EventOf<K> | undefined =>
  events.findLast((event) => event.event === kind) as EventOf<K> | undefined;

/** Counts of completions of an adapter that was used, and of one that was not. */
const COMPLETIONS: readonly PanelCompletions[] = [
  {
    counting: true,
    texts: 12,
    counts: {
      ...{ shown: 1204, accepted: 310, partly: 95, typed: 41, rejected: 402, ignored: 356 },
      ...{ shownCharacters: 51_840, acceptedCharacters: 14_902, acceptedLines: 466 },
      kept: [
        { seconds: 30, of: 14_902, characters: 14_211 },
        { seconds: 120, of: 14_700, characters: 13_650 },
        { seconds: 600, of: 14_380, characters: 12_702 },
      ],
      latencyMs: { p50: 184, p95: 1420 },
    },
  },
  {
    counting: false,
    texts: 0,
    counts: {
      ...{ shown: 0, accepted: 0, partly: 0, typed: 0, rejected: 0, ignored: 0 },
      ...{ shownCharacters: 0, acceptedCharacters: 0, acceptedLines: 0, latencyMs: null },
      kept: [30, 120, 600].map((seconds) => ({ seconds, of: 0, characters: 0 })),
    },
  },
];

/** An evaluation of completions with the adapter of the first run, beside another adapter. */
export const EVALUATED: CompletionReport = {
  ...{ data: '/code', base: 'demo', precision: 'int8', seed: 0, cases: 120, lines: 60, blocks: 60, files: 22 },
  ...{ leftOut: 85, repeated: 31, fillInTheMiddle: true },
  notes: ['imported does not say what it was trained on: if these files were among it, its figures are too good.'],
  sides: [
    { name: 'base', adapter: null, method: null, empty: 4, figures: { exactMatch: 0.11, editSimilarity: 0.41, kept: 0.35 } },
    { name: 'notes', adapter: 1, method: 'VeRA', empty: 3, figures: { exactMatch: 0.19, editSimilarity: 0.49, kept: 0.46 } },
    { name: 'imported', adapter: 9, method: 'LoRA', empty: 0, figures: { exactMatch: 0.12, editSimilarity: 0.4, kept: 0.36 } },
  ],
  differences: [
    { of: 1, than: 0, exactMatch: { value: 0.08, low: 0.02, high: 0.15 }, editSimilarity: { value: 0.08, low: 0.03, high: 0.12 }, kept: { value: 0.11, low: 0.05, high: 0.18 } },
    { of: 2, than: 0, exactMatch: { value: 0.01, low: -0.04, high: 0.06 }, editSimilarity: { value: -0.01, low: -0.05, high: 0.03 }, kept: { value: 0.01, low: -0.05, high: 0.06 } },
    { of: 2, than: 1, exactMatch: { value: -0.07, low: -0.13, high: -0.01 }, editSimilarity: { value: -0.09, low: -0.13, high: -0.05 }, kept: { value: -0.1, low: -0.16, high: -0.04 } },
  ],
}; // prettier-ignore

export const keyOf = (place: number): string => `job/${place + 1}`;
/** When the first run began; the others follow. */
const BEGAN = Date.UTC(2026, 0, 5, 9, 0);

/** A run after some of its events, as the extension sends it. */
export function runAfter(place: number, events: readonly RunEvent[]): PanelRun {
  const recorded = RECORDED[place]!;
  const { name, settings } = recorded;
  const [step, done] = [lastOf(events, 'step'), lastOf(events, 'done')];
  const base = events.find((event): event is EventOf<'eval'> => event.event === 'eval' && event.step === 0);
  const startedAt = BEGAN + place * 600_000;
  return {
    key: keyOf(place),
    title: name,
    state: done ? 'succeeded' : 'running',
    method: settings['method'] === 'vera' ? 'VeRA' : 'LoRA',
    rank: Number(settings['rank']),
    base: 'demo model',
    data: String(settings['data']),
    waitingFor: null,
    error: null,
    progress: step
      ? {
          step: step.step,
          steps: step.steps,
          loss: step.loss,
          tokensPerSecond: step.tokensPerSecond,
          secondsLeft: step.secondsLeft,
        }
      : {},
    baseHeldOutLoss: base?.loss ?? null,
    verdict: done ? runVerdict({ ...lastOf(events, 'report'), ...done }) : null,
    startedAt,
    endedAt: done && step ? startedAt + (1000 * step.step * step.tokens) / step.tokensPerSecond : null,
    adapter: done ? { id: place + 1, name } : null,
    out: String(settings['out']),
    settings: Object.entries(settings).map(([setting, value]) => ({
      name: setting,
      value: typeof value === 'string' ? value : JSON.stringify(value),
    })),
  };
}

/** The rows among events, in messages of the size that the protocol allows. */
export function metricsAfter(place: number, events: readonly RunEvent[], reset: boolean): ToPanel[] {
  const rows = events.flatMap((event) => metricOf({ ...event }) ?? []);
  const messages: ToPanel[] = [];
  for (let start = 0; start < rows.length || start === 0; start += MAX_ROWS) {
    const part = rows.slice(start, start + MAX_ROWS);
    messages.push({ type: 'metrics', run: keyOf(place), reset: reset && start === 0, columns: columnsOf(part) });
  }
  return messages;
}

/** Everything of a run besides its state, after some of its events. */
export function detailsAfter(place: number, events: readonly RunEvent[]): ToPanel[] {
  const { savings, baselines, learned, settings } = RECORDED[place]!;
  const run = keyOf(place);
  const [report, done] = [lastOf(events, 'report'), lastOf(events, 'done')];
  const costOf = (one: typeof savings, peakBytes: number | null): Cost & { rank: number } => ({
    ...{ rank: one.rank ?? 0, parameters: one.parameters, adapterBytes: one.bytes, peakBytes },
    optimizerBytes: one.optimizerBytes + one.gradientBytes,
  });
  // Sent before the run begins, and again at its end.
  const peak = lastOf(RECORDED[place]!.events, 'report')?.estimate?.peakRssBytes ?? null;
  const kept = savings.optimizerBytes + savings.gradientBytes;
  const measured = done && report
    ? { parameters: done.trainableParameters, adapterBytes: done.adapterBytes, optimizerBytes: report.optimizerBytes, peakBytes: done.peakRssBytes }
    : null; // prettier-ignore
  const samples = new Map<string, Sample>();
  for (const event of events) {
    if (event.event !== 'sample') continue;
    const known = samples.get(event.prompt) ?? { prompt: event.prompt, before: null, after: null };
    samples.set(event.prompt, { ...known, [event.when]: event.text });
  }
  const messages: ToPanel[] = [
    ...metricsAfter(place, events, true),
    {
      type: 'savings',
      run,
      savings: {
        own: { method: settings['method'] === 'vera' ? 'VeRA' : 'LoRA', ...costOf(savings, peak) },
        measured,
        // The same model and batch: what differs is the trainable state and its two moments.
        baselines: baselines.map((one) => ({
          method: 'LoRA',
          ...costOf(
            one,
            peak === null
              ? null
              : peak - kept - savings.valueBytes + one.optimizerBytes + one.gradientBytes + one.valueBytes,
          ),
        })),
      },
    },
    { type: 'samples', run, samples: [...samples.values()] },
  ];
  if (done && place === 0) messages.push({ type: 'evaluation', run, report: EVALUATED, endedAt: BEGAN });
  if (learned && done) messages.push({ type: 'learned', run, learned });
  if (done) messages.push({ type: 'completions', run, completions: COMPLETIONS[place] ?? COMPLETIONS[1]! });
  return messages;
}

/** The panel's full state: each run after as many of its events as `taken` says. */
export function stateAfter(taken: readonly number[] = RECORDED.map(({ events }) => events.length)): ToPanel[] {
  const parts = taken.map((count, place) => RECORDED[place]!.events.slice(0, count));
  return [
    {
      type: 'state',
      runs: parts.map((events, place) => runAfter(place, events)),
      active: null,
      connection: 'connected',
      view: null,
    },
    ...parts.flatMap((events, place) => detailsAfter(place, events)),
  ];
}
