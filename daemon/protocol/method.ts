import type { z } from 'zod';

/** Version of the contract. A daemon and a client of different numbers do not talk; new methods and optional fields keep it. */
export const PROTOCOL = 1;

/** A method of the protocol: its name, what it does in a sentence, and what goes in and comes out. */
export interface Method<P extends z.ZodType = z.ZodType, R extends z.ZodType = z.ZodType> {
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
): Method<P, R> => ({ name, summary, params, result });

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
