/** `response_format` of OpenAI's API: answers that are JSON, with or without a schema. */
import { z } from 'zod';
import { refuseLargeSchema } from '../../protocol/jsonSchema.ts';
import type { JsonAnswer } from '../../serve/engine/request.ts';

const schema = z.record(z.string(), z.unknown());

export const responseFormat = z.discriminatedUnion(
  'type',
  [
    z.object({ type: z.literal('text') }),
    z.object({ type: z.literal('json_object'), schema: schema.optional() }),
    z.object({
      type: z.literal('json_schema'),
      // `strict` changes nothing: the schema is always followed.
      json_schema: z.strictObject({
        name: z.string().max(200).optional(),
        description: z.string().optional(),
        schema: schema.optional(),
        strict: z.boolean().nullish(),
      }),
    }),
  ],
  "its type is 'text', 'json_object' or 'json_schema'",
);

/** What the answer must look like; undefined where it is any text. Throws VeraError 'usage' where a schema is too large. */
export function jsonAnswerOf(format: z.output<typeof responseFormat> | undefined): JsonAnswer | undefined {
  if (format === undefined || format.type === 'text') return undefined;
  const given = format.type === 'json_schema' ? format.json_schema.schema : format.schema;
  const schema = given ?? { type: 'object' };
  refuseLargeSchema(schema);
  return { schema };
}
