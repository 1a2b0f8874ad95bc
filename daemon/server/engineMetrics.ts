import { setTimeout } from 'node:timers/promises';
import { Gauge, type Registry } from 'prom-client';
import { baseName } from '../protocol/baseName.ts';
import type { EngineState, Engines } from '../serve/engines.ts';

/** An engine that is this late is left out: a scrape should not wait for it. */
const PATIENCE_MS = 1000;

interface EngineMetric {
  readonly name: string;
  readonly help: string;
  /** Values by the label `of`, where there are several. */
  readonly values: (state: EngineState) => number | Readonly<Record<string, number>>;
}

/** Counts begin at 0 with each start of an engine. */
const METRICS: readonly EngineMetric[] = [
  { name: 'rss_bytes', help: 'Memory of the engine', values: ({ rssBytes }) => rssBytes },
  {
    name: 'memory_bytes',
    help: 'The most memory that the engine should take',
    values: ({ memoryBytes }) => memoryBytes,
  },
  { name: 'crashes', help: 'How often the process ended unexpectedly', values: ({ crashes }) => crashes },
  { name: 'requests', help: 'Requests to the engine', values: ({ stats }) => stats.requests },
  { name: 'steps', help: 'Runs of the graph', values: ({ stats }) => stats.steps },
  {
    name: 'tokens',
    help: 'Tokens read, answered, guessed from the prompt, and guessed right',
    values: ({ stats: { promptTokens, answerTokens, draftedTokens, acceptedTokens } }) => ({
      ...{ prompt: promptTokens, answer: answerTokens, drafted: draftedTokens, accepted: acceptedTokens },
    }),
  },
  { name: 'rows', help: 'Rows of the running batch', values: ({ stats }) => stats.rows },
  {
    name: 'prefix_tokens',
    help: 'Tokens of prompts that the prefix cache had, and had not',
    values: ({ stats: { prefixCache } }) => ({ hit: prefixCache.hitTokens, missed: prefixCache.missedTokens }),
  },
  {
    name: 'prefix_bytes',
    help: 'Bytes of the prefix cache',
    values: ({ stats: { prefixCache } }) => ({ used: prefixCache.bytes, budget: prefixCache.budgetBytes }),
  },
  {
    name: 'prefix_evicted',
    help: 'Blocks that left the prefix cache',
    values: ({ stats }) => stats.prefixCache.evicted,
  },
  {
    name: 'adapters',
    help: 'Adapters in memory now, and how many were loaded and left',
    values: ({ stats: { bank } }) => ({ resident: bank.adapters, loaded: bank.loaded, evicted: bank.evicted }),
  },
  {
    name: 'adapter_bytes',
    help: 'Bytes of adapters in memory',
    values: ({ stats: { bank } }) => ({ used: bank.bytes, budget: bank.budgetBytes }),
  },
];

/** Adds what the engines count to a registry. All metrics of one scrape come from one look at the engines. */
export function engineMetrics(engines: Engines, registry: Registry): void {
  let looking: Promise<EngineState[]> | undefined;
  const look = (): Promise<EngineState[]> => {
    looking ??= Promise.race([engines.states(), setTimeout(PATIENCE_MS, [], { ref: false })]).finally(() => {
      looking = undefined;
    });
    return looking;
  };
  for (const { name, help, values } of METRICS)
    new Gauge({
      ...{ name: `vera_engine_${name}`, help: `${help}, since it started`, registers: [registry] },
      labelNames: ['base', 'of'],
      async collect() {
        const states = await look();
        this.reset();
        for (const state of states) {
          const base = baseName(state.base);
          const value = values(state);
          if (typeof value === 'number') this.set({ base }, value);
          else for (const [of, one] of Object.entries(value)) this.set({ base, of }, one);
        }
      },
    });
}
