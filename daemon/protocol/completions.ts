import { z } from 'zod';
import { method } from './method.ts';
import { KEPT_AFTER, OUTCOMES } from './outcomes.ts';
import { count, finite, hash, id, page, pageOf, ref, time } from './values.ts';

const MAX_SHOWN = 20_000; // characters of one completion; the engine ends long before
const MAX_FILE = 4096;
const MAX_RECORDS = 200; // completions of one call

/** One inline completion. Characters are counted in UTF-16 code units, as editors count. */
export const completion = z.strictObject({
  /** The same in every record of this completion: what comes later replaces what came before. */
  key: z.string().min(8).max(100),
  shownAt: time,
  /** null: the base alone answered. */
  adapter: z.strictObject({ id, hash }).nullable(),
  /** A folder, a file or a hub id. */
  base: z.string().min(1).max(4096),
  /** Of the document, as the editor names it: 'typescript'. */
  language: z.string().max(100),
  /** Milliseconds from the request to the text; null if the text was there already. */
  latencyMs: finite.min(0).nullable(),
  outcome: z.enum(OUTCOMES),
  /** Of the text that was shown. */
  characters: count.max(MAX_SHOWN),
  accepted: z.strictObject({ characters: count.max(MAX_SHOWN), lines: count.max(MAX_SHOWN) }),
  /** Accepted characters that are still there, after each of KEPT_AFTER; null if that time has not come. */
  kept: z.array(count.nullable()).length(KEPT_AFTER.length),
  /** Only if the person keeps texts. */
  text: z.strictObject({ shown: z.string().max(MAX_SHOWN), file: z.string().max(MAX_FILE) }).optional(),
});
export type Completion = z.infer<typeof completion>;

/** Sums over completions. */
export const completionCounts = z.object({
  shown: count,
  accepted: count,
  partly: count,
  typed: count,
  rejected: count,
  ignored: count,
  shownCharacters: count,
  acceptedCharacters: count,
  acceptedLines: count,
  /** After each of KEPT_AFTER: of so many accepted characters that were measured then, so many were still there. */
  kept: z.array(z.object({ seconds: count, of: count, characters: count })).length(KEPT_AFTER.length),
  /** Milliseconds from the request to the text: half of the completions, and 95 of 100, took no longer. */
  latencyMs: z.object({ p50: finite, p95: finite }).nullable(),
});
export type CompletionCounts = z.infer<typeof completionCounts>;

/** The counts of one adapter, or of a base without an adapter. `language` and `day` are set where the counts are split by them. */
export const completionRow = completionCounts.extend({
  adapter: z.object({ id, name: z.string() }).nullable(),
  base: z.string(),
  language: z.string().nullable(),
  /** 2026-03-01, in the time zone of the daemon. */
  day: z.string().nullable(),
});
export type CompletionRow = z.infer<typeof completionRow>;

export const completionText = z.object({
  id,
  shownAt: time,
  adapter: z.object({ id, name: z.string() }).nullable(),
  base: z.string(),
  language: z.string(),
  file: z.string(),
  text: z.string(),
  outcome: z.enum(OUTCOMES),
  acceptedCharacters: count,
  /** At the latest measurement; null before the first. */
  keptCharacters: count.nullable(),
});
export type CompletionText = z.infer<typeof completionText>;

/** One adapter; all of them, and the bases, if it is left out. */
const whose = { adapter: ref.optional(), project: ref.optional(), user: ref.optional() };

export const record = method(
  'completions.record',
  'Counts what became of inline completions. A later record of the same key replaces the earlier one. Nothing is counted while counting is paused.',
  z.strictObject({ completions: z.array(completion).min(1).max(MAX_RECORDS) }),
  z.object({ counted: count }),
  { repeatable: true },
);
export const summary = method(
  'completions.summary',
  'Counts of inline completions for each adapter, and for bases without an adapter; the most shown first.',
  z.strictObject({
    ...whose,
    /** Only the last so many days. */
    days: count.min(1).optional(),
    /** Splits the counts further. */
    by: z.enum(['language', 'day']).optional(),
  }),
  z.object({
    /** Whether completions are being counted. */
    counting: z.boolean(),
    /** How many texts are stored. */
    texts: count,
    total: completionCounts,
    rows: z.array(completionRow),
  }),
  { repeatable: true },
);
export const texts = method(
  'completions.texts',
  'Lists stored texts of inline completions, the newest first.',
  z.strictObject({ ...whose, ...page }),
  pageOf(completionText),
  { repeatable: true },
);
export const forget = method(
  'completions.forget',
  'Deletes counts and stored texts of inline completions for good; with `only`, only the texts.',
  z.strictObject({ ...whose, only: z.literal('texts').optional() }),
  z.object({ completions: count, texts: count }),
  { repeatable: true },
);
export const counting = method(
  'completions.counting',
  'Pauses or resumes the counting of inline completions.',
  z.strictObject({ counting: z.boolean() }),
  z.object({ counting: z.boolean() }),
  { repeatable: true },
);
