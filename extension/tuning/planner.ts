import type { App } from '../app.ts';
import { isQuiet } from '../quiet.ts';
import type { ErrorFacts, Remedy } from '../../daemon/protocol/errors.ts';
import type { PlanAnswer } from '../../daemon/protocol/jobs.ts';
import type { Cost } from './cost.ts';
import { type Draft, draftSpec, withEnoughSteps } from './draft.ts';
import type { TrainSpec } from './training.ts';

/** What a run would cost, and the run itself; or what is wrong. */
export type Answer = { readonly cost: Cost; readonly spec: TrainSpec } | Fault;

/** Why a run cannot start. `settings`: names of the settings that are wrong. */
export interface Fault {
  readonly fault: string;
  readonly settings?: readonly string[];
  /** The hub asks for an access token for the base. */
  readonly needsToken?: true;
  /** What helps. */
  readonly remedy?: Remedy;
}

/** Asks the daemon what runs would cost, each once. */
export interface Planner {
  /** What is known of a draft. */
  answer(draft: Draft): Answer | undefined;
  /**
   * Plans drafts with one request, for which the daemon reads their data once. Resolves when all are planned. `onAnswer` is called
   * when the answer to another one is known.
   */
  plan(drafts: readonly Draft[], onAnswer?: () => void): Promise<Answer[]>;
  /** Forgets what is known of a draft, because it may be another now. */
  forget(draft: Draft): void;
  /** Ends what is not planned yet: the daemon stops working on it, and `plan` rejects with an error that `isQuiet` knows. */
  cancel(): void;
}

/** A draft that the daemon was asked about. */
interface Asked {
  readonly answer: Promise<Answer>;
  settle(answer: Answer): void;
  fail(error: unknown): void;
}

export function createPlanner(
  { daemon }: Pick<App, 'daemon'>,
  token: (base: string) => Promise<{ hubToken?: string }> = () => Promise.resolve({}),
): Planner {
  const asked = new Map<string, Asked>();
  const known = new Map<string, Answer>();
  let ending = new AbortController();
  const keyOf = (draft: Draft): string => JSON.stringify(draftSpec(draft).settings);

  const open = (draft: Draft): Asked => {
    let settle: Asked['settle'] = () => undefined;
    let fail: Asked['fail'] = () => undefined;
    const answer = new Promise<Answer>((resolve, reject) => ([settle, fail] = [resolve, reject]));
    answer.then(
      (now) => known.set(keyOf(draft), now),
      () => asked.delete(keyOf(draft)),
    );
    const one = { answer, settle, fail };
    asked.set(keyOf(draft), one);
    return one;
  };
  const ask = async (drafts: readonly Draft[], onAnswer: () => void): Promise<void> => {
    const { signal } = ending;
    const opened = drafts.map(open);
    try {
      const { trainPlan } = await daemon.protocol();
      const take = (index: number, answer: PlanAnswer): void => {
        opened[index]?.settle(answerOf(drafts[index]!, answer, trainPlan));
        onAnswer();
      };
      const { plans } = await daemon.call(
        ({ jobs }) => jobs.plan,
        { specs: drafts.map(draftSpec), ...(await token(drafts[0]!.base.spec)) },
        { signal, onProgress: ({ index, plan }) => take(index, plan) },
      );
      plans.forEach((plan, index) => take(index, plan));
    } catch (error) {
      for (const one of opened) if (isQuiet(error)) one.fail(error);
        else one.settle(faultOf(error instanceof Error ? error : new Error(String(error)))); // prettier-ignore
    }
  };
  return {
    answer: (draft) => known.get(keyOf(draft)),
    plan: (drafts, onAnswer = () => undefined) => {
      const copies = drafts.map((draft) => ({ ...draft, changes: { ...draft.changes } }));
      const fresh = copies.filter((draft) => !asked.has(keyOf(draft)));
      if (fresh.length > 0) void ask(fresh, onAnswer);
      return Promise.all(copies.map((draft) => asked.get(keyOf(draft))!.answer));
    },
    forget: (draft) => {
      asked.delete(keyOf(draft));
      known.delete(keyOf(draft));
    },
    cancel: () => {
      ending.abort();
      ending = new AbortController();
    },
  };
}

function answerOf(draft: Draft, answer: PlanAnswer, trainPlan: { parse(details: unknown): Cost['plan'] }): Answer {
  if ('error' in answer) return faultOf(answer.error);
  const { memoryBytes, warning, details } = answer;
  const plan = trainPlan.parse(details);
  if (plan.data === undefined) {
    const spec = draftSpec(draft);
    const steps = typeof spec.settings['steps'] === 'number' ? spec.settings['steps'] : undefined;
    return { cost: { memoryBytes, warning, plan, steps }, spec };
  }
  const spec = draftSpec(withEnoughSteps(draft, plan.data.steps));
  const data = { ...plan.data, steps: Number(spec.settings['steps'] ?? plan.data.steps) };
  return { cost: { memoryBytes, warning, plan: { ...plan, data } }, spec };
}

const faultOf = ({ message, settings, remedy }: Pick<ErrorFacts, 'message' | 'settings' | 'remedy'>): Fault => ({
  fault: message,
  ...(remedy?.do === 'giveHubToken' ? { needsToken: true as const } : {}),
  ...(settings === undefined ? {} : { settings }),
  ...(remedy === undefined ? {} : { remedy }),
});
