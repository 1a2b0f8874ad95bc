import { z } from 'zod';
import { ERROR_CODES, REMEDIES } from './errors.ts';

const remedy = z.discriminatedUnion('do', [
  z.object({ do: z.literal('resume'), folder: z.string(), lr: z.number().optional() }),
  z.object({ do: z.literal('set'), setting: z.string(), value: z.string(), label: z.string() }),
  z.object({
    do: z.literal('mapColumns'),
    columns: z.array(z.object({ name: z.string(), example: z.string() })).readonly(),
    likely: z.string().optional(),
  }),
  z.object({ do: z.enum(REMEDIES) }),
]);

/** The schema of `ErrorFacts`. A remedy that this version does not know is left out. */
export const errorFacts = z.object({
  code: z.enum(ERROR_CODES),
  message: z.string(),
  settings: z.array(z.string()).readonly().optional(),
  remedy: remedy.optional().catch(undefined),
});
