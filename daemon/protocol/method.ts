import type { z } from 'zod';

/** Version of the contract. A daemon and a client of different numbers do not talk; new methods and optional fields keep it. */
export const PROTOCOL = 1;

/** What a client may rely on when it calls a method. */
export interface MethodFacts {
  /**
   * Whether a client that lost the answer may ask again: true where a second call changes nothing more than the first one,
   * 'with a key' where that holds for params with a `key`.
   */
  readonly repeatable: boolean | 'with a key';
}

/** A method of the protocol: its name, what it does in a sentence, and what goes in and comes out. */
export interface Method<P extends z.ZodType = z.ZodType, R extends z.ZodType = z.ZodType> extends MethodFacts {
  readonly name: string;
  readonly summary: string;
  readonly params: P;
  readonly result: R;
}

export const method = <P extends z.ZodType, R extends z.ZodType>(
  name: string,
  summary: string,
  params: P,
  result: R,
  facts: MethodFacts,
): Method<P, R> => ({ name, summary, params, result, ...facts });

/** Whether a call with these params may be made again where its answer was lost. */
export const isRepeatable = ({ repeatable }: Method, params: unknown): boolean =>
  repeatable === 'with a key' ? (params as { key?: unknown }).key !== undefined : repeatable;

/** A message that the daemon sends on its own. */
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
