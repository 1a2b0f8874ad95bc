import { VeraError } from './errors.ts';

/** How large a schema may be, so that nothing that reads it runs out of stack or time. */
const MOST = { depth: 100, values: 20_000, characters: 200_000 };

/** The beginning of every message about a schema. */
const SUBJECT = 'the JSON schema';
export const saysSchema = (message: string): boolean => message.startsWith(SUBJECT);

/** Something that is wrong with a schema. at: a JSON pointer, such as #/properties/name. */
export const schemaError = (at: string, what: string): VeraError =>
  new VeraError('usage', `${SUBJECT} at ${at}: ${what}`);

/** A schema, or what it makes, that cannot be followed as a whole. */
export const schemaFailure = (what: string): VeraError =>
  new VeraError('usage', `${SUBJECT} cannot be followed: ${what}`);

/** Throws VeraError 'usage' for a schema that is too large to be looked at. It never recurses. */
export function refuseLargeSchema(schema: unknown): void {
  let [values, characters] = [0, 0];
  const left: { value: unknown; depth: number }[] = [{ value: schema, depth: 0 }];
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    const { value, depth } = next;
    if (depth > MOST.depth) throw schemaError('#', `it is nested more than ${MOST.depth} deep`);
    if (++values > MOST.values) throw schemaError('#', `it has more than ${MOST.values} values`);
    if (typeof value === 'string') characters += value.length;
    if (typeof value === 'object' && value !== null)
      for (const [key, one] of Object.entries(value)) {
        characters += key.length;
        left.push({ value: one, depth: depth + 1 });
      }
    if (characters > MOST.characters) throw schemaError('#', `it has more than ${MOST.characters} characters`);
  }
}
