import type * as adapters from '../../protocol/adapters.ts';
import type * as bases from '../../protocol/bases.ts';
import type * as completions from '../../protocol/completions.ts';
import type * as events from '../../protocol/events.ts';
import type * as generation from '../../protocol/generation.ts';
import type * as jobs from '../../protocol/jobs.ts';
import type * as life from '../../protocol/life.ts';
import type * as owners from '../../protocol/owners.ts';
import type * as records from '../../protocol/records.ts';
import { FEATURES, methodsOf } from '../../protocol/registry.ts';
import type * as runs from '../../protocol/runs.ts';
import type * as settings from '../../protocol/settings.ts';
import type { Handler, Handlers, Served } from '../context.ts';
import { adapterHandlers } from './adapters.ts';
import { baseHandlers } from './bases.ts';
import { completionHandlers } from './completions.ts';
import { eventHandlers } from './events.ts';
import { generationHandlers } from './generation.ts';
import { jobHandlers } from './jobs.ts';
import { lifeHandlers } from './life.ts';
import { ownerHandlers } from './owners.ts';
import { recordHandlers } from './records.ts';
import { runHandlers } from './runs.ts';
import { settingHandlers } from './settings.ts';

interface Features {
  daemon: Handlers<typeof life>;
  jobs: Handlers<typeof jobs>;
  events: Handlers<typeof events>;
  adapters: Handlers<typeof adapters>;
  generation: Handlers<typeof generation>;
  completions: Handlers<typeof completions>;
  runs: Handlers<typeof runs>;
  'projects and users': Handlers<typeof owners>;
  records: Handlers<typeof records>;
  bases: Handlers<typeof bases>;
  settings: Handlers<typeof settings>;
}

/** By feature, as the protocol names them. */
const BY_FEATURE: Features = {
  daemon: lifeHandlers,
  jobs: jobHandlers,
  events: eventHandlers,
  adapters: adapterHandlers,
  generation: generationHandlers,
  completions: completionHandlers,
  runs: runHandlers,
  'projects and users': ownerHandlers,
  records: recordHandlers,
  bases: baseHandlers,
  settings: settingHandlers,
};

/** Every method with its handler, by name. Throws where a method of the protocol has none. */
export const SERVED: ReadonlyMap<string, Served> = new Map(
  Object.entries(FEATURES).flatMap(([feature, exported]) => {
    const handlers = (BY_FEATURE as unknown as Record<string, Record<string, Handler>>)[feature];
    return methodsOf(exported).map((method) => {
      const key = Object.keys(exported).find((name) => exported[name] === method)!;
      const handle = handlers?.[key];
      if (handle === undefined) throw new Error(`method ${method.name} has no handler`);
      return [method.name, { method, handle }] as const;
    });
  }),
);
