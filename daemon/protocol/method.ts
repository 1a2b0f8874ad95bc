import { z } from 'zod';

/** Version of the protocol. A daemon and a client with different numbers do not talk. New methods and optional fields keep the number. */
export const PROTOCOL = 2;

/** The code of the JSON-RPC error that a cancelled request is answered with (as in the Language Server Protocol). */
export const REQUEST_CANCELLED = -32_800;
/** The method of the notification that takes a request back. */
export const CANCEL = '$/cancelRequest';

/** What a client may rely on when it calls a method. */
export interface MethodFacts<S extends z.ZodType = z.ZodType> {
  /**
   * Whether a client that lost the answer may ask again: true where a second call changes nothing more than the first one,
   * 'with a key' where that holds for params with a `key`.
   */
  readonly repeatable: boolean | 'with a key';
  /**
   * What is sent while the method works, where its client asks for that: a number `progress` in the params comes back as `token`
   * of the notifications. They end with the answer and are stored nowhere.
   */
  readonly progress?: S;
}

/** A method of the protocol: its name, a sentence about it, and the schemas of its params and its result. */
export interface Method<
  P extends z.ZodType = z.ZodType,
  R extends z.ZodType = z.ZodType,
  S extends z.ZodType = z.ZodType,
> extends MethodFacts<S> {
  readonly name: string;
  readonly summary: string;
  readonly params: P;
  readonly result: R;
}

export const method = <P extends z.ZodType, R extends z.ZodType, S extends z.ZodType = z.ZodNever>(
  name: string,
  summary: string,
  params: P,
  result: R,
  facts: MethodFacts<S>,
): Method<P, R, S> => ({ name, summary, params, result, ...facts });

/** Whether a call with these params may be made again where its answer was lost. */
export const isRepeatable = ({ repeatable }: Method, params: unknown): boolean =>
  repeatable === 'with a key' ? (params as { key?: unknown }).key !== undefined : repeatable;

/** A message that the daemon sends without being asked. */
export interface Notification<P extends z.ZodType = z.ZodType> {
  readonly name: string;
  readonly summary: string;
  readonly params: P;
}

export const notification = <P extends z.ZodType>(name: string, summary: string, params: P): Notification<P> => ({
  name,
  summary,
  params,
});

/** The number under which a client wants the progress of a request: one it has no other request under way with. */
export const progressToken = z.int().nonnegative();

export const progressed = notification(
  '$/progress',
  'A value of a request that is under way, for a method with progress.',
  z.object({ token: progressToken, value: z.json() }),
);
