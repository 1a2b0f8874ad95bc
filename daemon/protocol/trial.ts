/**
 * Try It: an adapter and its base answer the same prompt side by side. The extension sends `trial`, then a held-out row, then both
 * answers in parts; the panel asks for other rows and for answers.
 */
import { z } from 'zod';
import { MAX_TRIAL_TOKENS } from './trialLimits.ts';
import { count, finite, id } from './values.ts';

/** A held-out row as a question. */
export const heldOutRow = z.object({
  /** Its place among the held-out rows, from 0. */
  place: count,
  /** File and line. */
  source: z.string(),
  /** The question is asked as a message of a conversation; else the model continues the text. */
  chat: z.boolean(),
  /** Earlier messages of the conversation. */
  before: z.array(z.object({ role: z.string(), content: z.string() })),
  prompt: z.string(),
  /** The answer in the data. */
  expected: z.string(),
});
export type HeldOutRow = z.infer<typeof heldOutRow>;

/** What is tried. */
export const trial = z.object({
  adapter: z.object({ id, name: z.string() }),
  base: z.string(),
  /** Another adapter of the same base, which answers in place of the base alone. */
  beside: z.string().optional(),
  /** Whether the base reads messages; else every prompt is a text to continue. */
  chat: z.boolean(),
  /** The temperature that the base recommends, where it does. */
  temperature: finite.min(0).max(2).optional(),
  /** Sentences on what the base cannot do. */
  limits: z.array(z.string()),
});
export type Trial = z.infer<typeof trial>;

/** Who answers. */
export const trialSide = z.enum(['base', 'adapter']);
export type TrialSide = z.infer<typeof trialSide>;

/** How an answer ended, with what was measured. */
export const trialEnd = z.object({
  /** stopped: the person wanted no more. */
  reason: z.enum(['stop', 'length', 'deadline', 'stopped']),
  tokens: count,
  /** null where no token came, or where the person stopped it. */
  firstTokenMs: finite.nullable(),
  tokensPerSecond: finite.nullable(),
});
export type TrialEnd = z.infer<typeof trialEnd>;

/** How the next token is chosen, and when an answer ends. */
export const trialSampling = z.strictObject({
  /** 0: the most likely token each time. */
  temperature: finite.min(0).max(2),
  seed: count.max(2 ** 32 - 1),
  maxTokens: z.int().min(1).max(MAX_TRIAL_TOKENS),
});
export type TrialSampling = z.infer<typeof trialSampling>;

/** Characters of a prompt: more than any base here reads. */
const MAX_PROMPT = 400_000;

/** Messages to the panel. */
export const TRIAL_TO_PANEL = [
  /** null: it is closed. */
  z.object({ type: z.literal('trial'), trial: trial.nullable() }),
  /** A held-out row, or why there is none. `total`: held-out rows in all. */
  z.object({
    type: z.literal('trialRow'),
    adapter: id,
    row: heldOutRow.nullable(),
    total: count,
    problem: z.string().nullable(),
  }),
  z.object({ type: z.literal('trialText'), request: count, side: trialSide, text: z.string() }),
  /** The end of an answer, or the error that ended it. */
  z.object({
    type: z.literal('trialEnd'),
    request: count,
    side: trialSide,
    end: trialEnd.nullable(),
    error: z.string().nullable(),
  }),
] as const;

/** Messages from the panel. */
export const TRIAL_FROM_PANEL = [
  z.strictObject({ type: z.literal('trialRow'), adapter: id, place: count }),
  /** Both are to answer. A request that is under way is stopped. */
  z.strictObject({
    type: z.literal('try'),
    request: count,
    adapter: id,
    /** The prompt is a message; else a text to continue. */
    chat: z.boolean(),
    before: z.array(z.strictObject({ role: z.string().max(100), content: z.string().max(MAX_PROMPT) })).max(1000),
    prompt: z.string().max(MAX_PROMPT),
    sampling: trialSampling,
  }),
  z.strictObject({ type: z.literal('tryStop'), request: count }),
  z.strictObject({ type: z.literal('tryClose') }),
] as const;
