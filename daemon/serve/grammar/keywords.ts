/** What the keywords of a JSON schema mean, by themselves and beside each other. */
import { isDeepStrictEqual } from 'node:util';
import { schemaError } from '../../protocol/jsonSchema.ts';

export type Schema = Readonly<Record<string, unknown>>;

/** Keywords that are not followed. To ignore one would give answers that its schema refuses. */
const UNKNOWN = [
  'not', 'if', 'then', 'else', 'dependentRequired', 'dependentSchemas', 'dependencies', 'patternProperties', 'contains', 'minContains',
  'maxContains', 'unevaluatedProperties', 'unevaluatedItems', 'multipleOf', '$dynamicRef', '$anchor', 'additionalItems',
]; // prettier-ignore
const OF_TYPE: Readonly<Record<string, readonly string[]>> = {
  object: ['properties', 'required', 'additionalProperties', 'propertyNames', 'minProperties', 'maxProperties'],
  array: ['items', 'prefixItems', 'minItems', 'maxItems', 'uniqueItems'],
  string: ['minLength', 'maxLength', 'pattern', 'format'],
  number: ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum'],
};
export const TYPES = ['object', 'array', 'string', 'number', 'integer', 'boolean', 'null'];
const CONSTRAINTS = new Set([
  'type',
  'enum',
  'const',
  'anyOf',
  'oneOf',
  'allOf',
  '$ref',
  ...Object.values(OF_TYPE).flat(),
]);

export const isObject = (value: unknown): value is Schema =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A schema without what says nothing about the answer; undefined where nothing fits it. */
export function checked(schema: unknown, at: string): Schema | undefined {
  if (schema === true) return {};
  if (schema === false) return undefined;
  if (!isObject(schema)) throw schemaError(at, 'it is neither an object nor a boolean');
  const unknown = UNKNOWN.find((key) => schema[key] !== undefined);
  if (unknown !== undefined)
    throw schemaError(`${at}/${unknown}`, 'this keyword cannot be followed: leave it out, or check it yourself');
  return Object.fromEntries(Object.entries(schema).filter(([key]) => CONSTRAINTS.has(key)));
}

/** The types that a schema allows; undefined: all. One that names none means the type that its keywords are for. */
export function typesOf(schema: Schema, at: string): string[] | undefined {
  const { type } = schema;
  if (type !== undefined) {
    const list: unknown[] = Array.isArray(type) ? type : [type];
    const wrong = list.find((one) => !TYPES.includes(one as string));
    if (wrong !== undefined || list.length === 0)
      throw schemaError(`${at}/type`, `there is no type ${JSON.stringify(wrong ?? type)}`);
    return (list as string[]).filter((one) => one !== 'integer' || !list.includes('number'));
  }
  const implied = Object.keys(OF_TYPE).filter((one) => OF_TYPE[one]!.some((key) => schema[key] !== undefined));
  return implied.length === 0 ? undefined : implied;
}

export function isOfType(value: unknown, type: string): boolean {
  if (type === 'integer') return Number.isInteger(value);
  if (type === 'array') return Array.isArray(value);
  if (type === 'null') return value === null;
  return type === 'object' ? isObject(value) : typeof value === type;
}

/** What fits two schemas. Throws VeraError 'usage' where they cannot be joined. */
export function both(a: Schema, b: Schema, at: string): Schema {
  const out: Record<string, unknown> = { ...a };
  const closed = (one: Schema, other: Schema): boolean =>
    one['additionalProperties'] !== undefined &&
    !isDeepStrictEqual(Object.keys(one['properties'] ?? {}), Object.keys(other['properties'] ?? {}));
  if ((b['properties'] !== undefined && closed(a, b)) || (a['properties'] !== undefined && closed(b, a)))
    throw schemaError(at, 'its parts name different properties, and one allows no others: write them as one');
  for (const [key, value] of Object.entries(b)) {
    const mine = out[key];
    if (mine === undefined || isDeepStrictEqual(mine, value)) out[key] = value;
    else if (key === 'required') out[key] = [...new Set([...(mine as string[]), ...(value as string[])])];
    else if (
      key === 'properties' &&
      Object.keys(value as Schema).every(
        (name) =>
          !Object.hasOwn(mine as Schema, name) || isDeepStrictEqual((mine as Schema)[name], (value as Schema)[name]),
      )
    )
      out[key] = { ...(mine as Schema), ...(value as Schema) };
    else if (key === 'minimum' || key === 'exclusiveMinimum' || key === 'minLength' || key === 'minItems')
      out[key] = Math.max(mine as number, value as number);
    else if (key === 'maximum' || key === 'exclusiveMaximum' || key === 'maxLength' || key === 'maxItems')
      out[key] = Math.min(mine as number, value as number);
    else throw schemaError(at, `two of its parts say different things about ${key}: write them as one`);
  }
  return out;
}

/** Whether nothing fits two schemas at once: another type, or another constant, also of a property that both require. */
export function apart(a: Schema, b: Schema): boolean {
  const [typesA, typesB] = [a, b].map((one) => typesOf(one, '#')) as [string[] | undefined, string[] | undefined];
  const asNumber = (one: string): string => (one === 'integer' ? 'number' : one);
  if (
    a['type'] !== undefined &&
    b['type'] !== undefined &&
    !typesA!.some((one) => typesB!.map(asNumber).includes(asNumber(one)))
  )
    return true;
  const valuesOf = (one: unknown): unknown[] | undefined =>
    isObject(one)
      ? 'const' in one
        ? [one['const']]
        : Array.isArray(one['enum'])
          ? one['enum']
          : undefined
      : undefined;
  const different = (one: unknown, other: unknown): boolean => {
    const [left, right] = [valuesOf(one), valuesOf(other)];
    return (
      left !== undefined &&
      right !== undefined &&
      !left.some((value) => right.some((same) => isDeepStrictEqual(value, same)))
    );
  };
  if (different(a, b)) return true;
  const [left, right] = [a['properties'], b['properties']];
  if (!isObject(left) || !isObject(right) || a['type'] !== 'object' || b['type'] !== 'object') return false;
  return Object.keys(left).some(
    (name) =>
      [a, b].every(({ required }) => Array.isArray(required) && required.includes(name)) &&
      different(left[name], right[name]),
  );
}
