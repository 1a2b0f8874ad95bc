/** How long each stage of a completion took. */

/** cache: what was left of an answer; running: one that was being generated already; model: one that was asked for. */
export type Origin = 'cache' | 'running' | 'model';

export interface Measure {
  readonly origin: Origin;
  /** Milliseconds from the editor's request to its answer, and the parts of it. */
  readonly totalMs: number;
  /** Waiting whether another key comes. */
  readonly debounceMs: number;
  /** Collecting the text for the prompt. */
  readonly contextMs: number;
  /** From the request to the daemon to the first token. */
  readonly firstTokenMs?: number;
  /** From the first token to the end. */
  readonly answerMs?: number;
  readonly promptTokens?: number;
  readonly cachedTokens?: number;
  readonly answerTokens?: number;
  /** Of the text that was handed out; 0 where there was none. */
  readonly characters: number;
}

export interface Latency {
  /** Requests that were answered; those that typing cancelled do not count. */
  readonly count: number;
  readonly byOrigin: Readonly<Record<Origin, number>>;
  /** Median and 95th percentile in milliseconds, of the answers that have this stage. */
  readonly stages: Readonly<Record<Stage, { readonly p50: number; readonly p95: number } | undefined>>;
  /** Part of the tokens of prompts that the engine had read before. */
  readonly cachedShare: number;
}

const STAGES = ['totalMs', 'debounceMs', 'contextMs', 'firstTokenMs', 'answerMs'] as const;
export type Stage = (typeof STAGES)[number];

export interface Measures {
  add(measure: Measure): void;
  /** Of the last answers. */
  latency(): Latency;
}

export function keepMeasures(most = 500): Measures {
  let kept: Measure[] = [];
  return {
    add: (measure) => void (kept = [...kept, measure].slice(-most)),
    latency() {
      const byOrigin = { cache: 0, running: 0, model: 0 };
      for (const { origin } of kept) byOrigin[origin]++;
      const sum = (key: 'promptTokens' | 'cachedTokens'): number =>
        kept.reduce((total, measure) => total + (measure[key] ?? 0), 0);
      const stages = Object.fromEntries(
        STAGES.map((stage) => [stage, quantiles(kept.flatMap((measure) => measure[stage] ?? []))]),
      ) as Latency['stages'];
      return {
        count: kept.length,
        byOrigin,
        stages,
        cachedShare: sum('cachedTokens') / Math.max(1, sum('promptTokens')),
      };
    },
  };
}

function quantiles(values: readonly number[]): { p50: number; p95: number } | undefined {
  if (values.length === 0) return undefined;
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!;
  return { p50: at(0.5), p95: at(0.95) };
}
