import { z } from 'zod';

/** The number of a row in the catalog. */
export const id = z.int().positive();
/** Milliseconds since 1970. */
export const time = z.number();
export const count = z.int().nonnegative();
/** A number that is neither NaN nor infinite. */
export const finite = z.number();
/** sha256, hexadecimal. */
export const hash = z.string().regex(/^[0-9a-f]{64}$/);

export const MAX_NAME = 200; // characters that fit into a line
const MAX_PATH = 4096; // characters: PATH_MAX of Linux
export const MAX_TEXT = 10_000; // characters of a note, a prompt

/** A name for people. It is never used as a path and cannot look like one. */
export const name = z
  .string()
  .min(1)
  .max(MAX_NAME)
  .refine((text) => text === text.trim() && !/[\p{Cc}\p{Cf}/\\]/u.test(text) && text !== '.' && text !== '..', {
    error: 'a name has no slashes, control characters or spaces around it, and is not . or ..',
  });
export const note = z.string().max(MAX_TEXT);
export const tags = z.array(name).max(32);

/** An absolute path on the daemon's machine. */
export const path = z
  .string()
  .min(1)
  .max(MAX_PATH)
  .refine((text) => !text.includes('\0') && /^(\/|[A-Za-z]:[\\/]|\\\\)/.test(text), {
    error: 'a path is absolute and has no NUL',
  });

/** The number or the name of a thing. */
export const ref = z.union([id, name]);

export const MAX_PAGE = 500;
/** A page of a list: at most `limit` items after the place `after`, which is the `next` of the page before. */
export const page = { limit: z.int().min(1).max(MAX_PAGE).default(50), after: z.string().max(400).optional() };
export const pageOf = <T extends z.ZodType>(item: T) => z.object({ items: z.array(item), next: z.string().optional() });

/** An option of a method. */
export const optionValue = z.union([finite, z.string().max(10_000), z.boolean()]);
export type OptionValue = z.infer<typeof optionValue>;

/** A plain JSON object. */
export const json = z.record(z.string(), z.json());
export const nothing = z.strictObject({});
