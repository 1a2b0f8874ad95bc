import { z } from 'zod';
import { count } from './values.ts';

/** What a base can do, as its config and its tokenizer say. */
export const abilities = z.object({
  /** The tokenizer has tokens for the text before and after a gap. */
  fillInTheMiddle: z.boolean(),
  /** There is a chat template. */
  chat: z.boolean(),
  /** Most tokens of prompt and answer together. */
  maxLength: count,
  parameters: count,
});
export type Abilities = z.infer<typeof abilities>;
