import type { App } from '../app.ts';
import type { Cost } from './cost.ts';
import { type Draft, draftSpec, withEnoughSteps } from './draft.ts';
import type { TrainSpec } from './training.ts';

/** What a run would cost, and the run itself; or what is wrong. */
export type Answer = { readonly cost: Cost; readonly spec: TrainSpec } | { readonly fault: string };

/** Asks the daemon what runs would cost, one after another, each once. */
export interface Planner {
  answer(draft: Draft): Answer | undefined;
  /** Plans a draft; asked again, the answer is the same promise. */
  plan(draft: Draft): Promise<Answer>;
}

export function createPlanner({ daemon }: Pick<App, 'daemon'>): Planner {
  const asked = new Map<string, Promise<Answer>>();
  const known = new Map<string, Answer>();
  let last: Promise<unknown> = Promise.resolve();
  const keyOf = (draft: Draft): string => JSON.stringify(draftSpec(draft).settings);
  const ask = async (draft: Draft): Promise<Answer> => {
    try {
      const { memoryBytes, warning, details } = await daemon.call(({ jobs }) => jobs.plan, { spec: draftSpec(draft) });
      const { trainPlan } = await daemon.protocol();
      const plan = trainPlan.parse(details);
      if (plan.data === undefined) return { cost: { memoryBytes, warning, plan }, spec: draftSpec(draft) };
      const spec = draftSpec(withEnoughSteps(draft, plan.data.steps));
      const data = { ...plan.data, steps: Number(spec.settings['steps'] ?? plan.data.steps) };
      return { cost: { memoryBytes, warning, plan: { ...plan, data } }, spec };
    } catch (error) {
      return { fault: error instanceof Error ? error.message : String(error) };
    }
  };
  return {
    answer: (draft) => known.get(keyOf(draft)),
    plan: (draft) => {
      const key = keyOf(draft);
      const before = asked.get(key);
      if (before !== undefined) return before;
      // One at a time: each takes a process and measures the machine's speed.
      const copy = { ...draft, changes: { ...draft.changes } };
      const answer = last.then(() => ask(copy));
      last = answer;
      asked.set(key, answer);
      void answer.then((told) => known.set(key, told));
      return answer;
    },
  };
}
