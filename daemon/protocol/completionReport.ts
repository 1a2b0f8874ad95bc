/** The result of an evaluation of inline completions, as its job, the command line and the panel have it. */
import { z } from 'zod';
import { count, finite, id } from './values.ts';

/** Shares from 0 to 1. docs/measuring-completions.md defines them. */
export const completionFigures = z.object({
  exactMatch: finite,
  editSimilarity: finite,
  kept: finite,
  /** Only where a test command was run. */
  passRate: finite.optional(),
});
export type CompletionFigures = z.infer<typeof completionFigures>;

/** A difference with its 95 % interval. */
const interval = z.object({ value: finite, low: finite, high: finite });
export type Interval = z.infer<typeof interval>;

/** The base alone, or with an adapter. */
export const completionSide = z.object({
  /** 'base', or the adapter's name. */
  name: z.string(),
  /** Its number in the catalog; null for the base, and for an adapter that is a folder. */
  adapter: id.nullable(),
  /** 'VeRA', 'LoRA'; null for the base. */
  method: z.string().nullable(),
  figures: completionFigures,
  /** Cases without a suggestion. */
  empty: count,
});
export type CompletionSide = z.infer<typeof completionSide>;

export const completionReport = z.object({
  /** Folder or dataset file. */
  data: z.string(),
  base: z.string(),
  precision: z.string(),
  seed: count,
  cases: count,
  /** Of them: the rest of a line, and a whole block. */
  lines: count,
  blocks: count,
  /** Files with a case. */
  files: count,
  /** Files that were left out, because an adapter may have been trained on them. */
  leftOut: count,
  /** Cases of which a line also stands in a file that an adapter was trained on. */
  repeated: count,
  /** What comes after the cursor was given too. */
  fillInTheMiddle: z.boolean(),
  /** What a person should know about the figures, in sentences. */
  notes: z.array(z.string()),
  /** The base first, if there are several. */
  sides: z.array(completionSide).min(1),
  /** How much better `of` is than `than`, by their places in `sides`. */
  differences: z.array(
    z.object({
      of: count,
      than: count,
      exactMatch: interval,
      editSimilarity: interval,
      kept: interval,
      passRate: interval.optional(),
    }),
  ),
  /** Where it was asked for: each case, with the suggestion of each side. `start` and `end`: what was to be written, in UTF-16 units. */
  suggestions: z
    .array(
      z.object({
        file: z.string(),
        line: count,
        kind: z.enum(['line', 'block']),
        start: count,
        end: count,
        expected: z.string(),
        given: z.array(z.string()),
      }),
    )
    .optional(),
});
export type CompletionReport = z.infer<typeof completionReport>;
