import * as adapters from './adapters.ts';
import * as bases from './bases.ts';
import * as completions from './completions.ts';
import * as events from './events.ts';
import * as generation from './generation.ts';
import * as jobs from './jobs.ts';
import * as life from './life.ts';
import type { Method, Notification } from './method.ts';
import * as owners from './owners.ts';
import * as records from './records.ts';
import * as runs from './runs.ts';
import * as settings from './settings.ts';

/** Every feature of the protocol with its methods and notifications. Each has a file here and a chapter in docs/protocol.md. */
export const FEATURES: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  daemon: life,
  jobs,
  events,
  adapters,
  generation,
  completions,
  runs,
  'projects and users': owners,
  records,
  bases,
  settings,
};

const isMethod = (thing: unknown): thing is Method =>
  typeof thing === 'object' && thing !== null && 'params' in thing && 'result' in thing;
const isNotification = (thing: unknown): thing is Notification =>
  typeof thing === 'object' && thing !== null && 'params' in thing && 'summary' in thing && !('result' in thing);

export const methodsOf = (feature: Readonly<Record<string, unknown>>): Method[] =>
  Object.values(feature).filter(isMethod);
export const notificationsOf = (feature: Readonly<Record<string, unknown>>): Notification[] =>
  Object.values(feature).filter(isNotification);

/** Every method, by name. */
export const METHODS: ReadonlyMap<string, Method> = new Map(
  Object.values(FEATURES).flatMap((feature) => methodsOf(feature).map((one) => [one.name, one] as const)),
);
