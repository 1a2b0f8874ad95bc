import { isDeepStrictEqual } from 'node:util';
import { schemaError } from '../../protocol/jsonSchema.ts';
import {
  anyInteger,
  anyNumber,
  anyValue,
  character,
  either,
  literal,
  openRules,
  restOfString,
  type Rules,
  space,
} from './ebnf.ts';
import { FORMATS } from './formats.ts';
import { apart, both, checked, isObject, isOfType, type Schema, TYPES, typesOf } from './keywords.ts';
import { type Bound, numbersBetween } from './number.ts';
import { matching, UnknownPattern } from './pattern.ts';

/** What a schema may cost, so that no schema keeps the engine busy: places in it, nesting, and lengths that are counted. */
const MOST = { places: 4000, depth: 48, counted: 256, values: 2000 };

/**
 * A grammar for the JSON that a schema (of draft 2020-12 or 7) allows. An object that lists its properties gets no others, unless the
 * schema says `additionalProperties`; properties come in their order. Throws VeraError 'usage', which says what cannot be followed, and where.
 */
export function schemaGrammar(
  schema: unknown,
  { before = '', after = '' }: { before?: string | undefined; after?: string | undefined } = {},
): string {
  const rules = openRules();
  rules.define('root', () => {
    const body = new Writer(schema, rules).expression(schema, '#', 0, new Set());
    return [...(before === '' ? [] : [literal(before)]), body, ...(after === '' ? [] : [literal(after)])].join(' ');
  });
  return rules.text();
}

class Writer {
  readonly #root: unknown;
  readonly #rules: Rules;
  #places = 0;
  #values = 0;

  constructor(root: unknown, rules: Rules) {
    this.#root = root;
    this.#rules = rules;
  }

  /** open: references that lead here without any text between. */
  expression(given: unknown, at: string, depth: number, open: ReadonlySet<string>): string {
    if (++this.#places > MOST.places) throw schemaError(at, `it has more than ${MOST.places} places`);
    if (depth > MOST.depth) throw schemaError(at, `it is nested more than ${MOST.depth} deep`);
    const schema = checked(given, at);
    if (schema === undefined) throw schemaError(at, 'nothing fits it');
    const { $ref: reference, allOf, ...rest } = schema;
    if (reference !== undefined && Object.keys(rest).length === 0 && allOf === undefined) {
      const target = this.#target(reference, at);
      if (open.has(target)) throw schemaError(at, 'it refers to itself');
      return this.#rules.define(ruleOf(target), () =>
        this.expression(this.#at(target, at), target, depth + 1, new Set([...open, target])),
      );
    }
    if (reference !== undefined || allOf !== undefined) {
      if (allOf !== undefined && !Array.isArray(allOf)) throw schemaError(`${at}/allOf`, 'it is not a list');
      const all: unknown[] = [
        ...(reference === undefined ? [] : [{ $ref: reference }]),
        ...((allOf ?? []) as unknown[]),
      ];
      const merged = all.reduce<Schema>(
        (sum, one, i) => both(sum, this.#resolved(one, `${at}/allOf/${i}`, depth), at),
        rest,
      );
      return this.expression(merged, at, depth + 1, open);
    }
    const union = rest['anyOf'] === undefined ? 'oneOf' : 'anyOf';
    const options = rest[union];
    if (options !== undefined) {
      const { [union]: _, ...common } = rest;
      if (!Array.isArray(options) || options.length === 0)
        throw schemaError(`${at}/${union}`, 'it is not a list of schemas');
      const all = options.map((one, i) =>
        both(common, this.#resolvedOnce(one, common, `${at}/${union}/${i}`, depth), `${at}/${union}/${i}`),
      );
      if (union === 'oneOf') this.#refuseOverlap(options, at, depth);
      return either(all.map((one, i) => this.expression(one, `${at}/${union}/${i}`, depth + 1, open)));
    }
    if (rest['enum'] !== undefined || 'const' in rest) return this.#values_(rest, at);
    const types = typesOf(rest, at);
    if (types === undefined) return anyValue(this.#rules);
    return either(types.map((type) => this.#ofType(type, rest, at, depth)));
  }

  /** A reference alone stays one, so that schemas can be recursive. */
  #resolvedOnce(one: unknown, common: Schema, at: string, depth: number): Schema {
    const schema = checked(one, at) ?? { enum: [] };
    return Object.keys(common).length === 0 ? schema : this.#resolved(schema, at, depth);
  }

  #resolved(one: unknown, at: string, depth: number): Schema {
    let schema = checked(one, at);
    for (let steps = 0; schema?.['$ref'] !== undefined; steps++) {
      if (steps + depth > MOST.depth) throw schemaError(at, 'it refers to itself');
      const { $ref, ...rest } = schema;
      schema = both(rest, checked(this.#at(this.#target($ref, at), at), at) ?? { enum: [] }, at);
    }
    if (schema === undefined) throw schemaError(at, 'nothing fits it');
    return schema;
  }

  #target(reference: unknown, at: string): string {
    if (typeof reference !== 'string' || !/^#(\/|$)/.test(reference))
      throw schemaError(`${at}/$ref`, 'only references within the schema are followed, such as #/$defs/name');
    return reference;
  }

  #at(pointer: string, at: string): unknown {
    let value: unknown = this.#root;
    for (const part of pointer.split('/').slice(1)) {
      const key = decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~');
      value =
        value instanceof Object && Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined;
    }
    if (value === undefined) throw schemaError(`${at}/$ref`, `there is nothing at ${pointer.slice(0, 100)}`);
    return value;
  }

  /** Of several `oneOf`, exactly one must fit: only options that cannot fit together are followed. */
  #refuseOverlap(options: readonly unknown[], at: string, depth: number): void {
    const all = options.map((one, i) => this.#resolved(one, `${at}/oneOf/${i}`, depth));
    all.forEach((a, i) => {
      for (const b of all.slice(0, i))
        if (!apart(a, b))
          throw schemaError(
            `${at}/oneOf/${i}`,
            'two options may fit at once: use anyOf, or give each its own type or constant',
          );
    });
  }

  #values_(schema: Schema, at: string): string {
    const list: unknown = 'const' in schema ? [schema['const']] : schema['enum'];
    if (!Array.isArray(list)) throw schemaError(`${at}/enum`, 'it is not a list');
    const { enum: _, const: __, type, ...others } = schema;
    const [other] = Object.keys(others);
    if (other !== undefined) throw schemaError(`${at}/${other}`, 'it cannot stand beside enum or const');
    this.#values += list.length;
    if (this.#values > MOST.values)
      throw schemaError(`${at}/enum`, `all lists together have more than ${MOST.values} values`);
    const types = type === undefined ? TYPES : typesOf(schema, at)!;
    const fitting = list.filter((value) => types.some((one) => isOfType(value, one)));
    const both =
      'const' in schema && Array.isArray(schema['enum'])
        ? fitting.filter((value) => (schema['enum'] as unknown[]).some((one) => isDeepStrictEqual(one, value)))
        : fitting;
    if (both.length === 0) throw schemaError(at, 'nothing fits it');
    return either(both.map((value) => literal(JSON.stringify(value))));
  }

  #ofType(type: string, schema: Schema, at: string, depth: number): string {
    switch (type) {
      case 'object':
        return this.#object(schema, at, depth);
      case 'array':
        return this.#array(schema, at, depth);
      case 'string':
        return this.#string(schema, at);
      case 'boolean':
        return '("true" | "false")';
      case 'null':
        return '"null"';
      default:
        return this.#number(schema, type === 'integer', at);
    }
  }

  #number(schema: Schema, isInteger: boolean, at: string): string {
    const bound = (name: string, open: boolean): Bound | undefined => {
      const value = schema[name];
      if (value === undefined) return undefined;
      if (typeof value !== 'number') throw schemaError(`${at}/${name}`, 'it is not a number');
      // Beyond this, numbers of JSON are not exact, and no bound is needed for the 16 digits that are written.
      return { value: Math.max(-9e15, Math.min(9e15, value)), open };
    };
    const tighter = (a: Bound | undefined, b: Bound | undefined, sign: number): Bound | undefined =>
      a && b ? (sign * (b.value - a.value) >= 0 ? b : a) : (a ?? b);
    const low = tighter(bound('minimum', false), bound('exclusiveMinimum', true), 1);
    const high = tighter(bound('maximum', false), bound('exclusiveMaximum', true), -1);
    if (low === undefined && high === undefined) return isInteger ? anyInteger(this.#rules) : anyNumber(this.#rules);
    const all = numbersBetween(low, high, isInteger);
    if (all === undefined) throw schemaError(at, 'no number is between its bounds');
    return all;
  }

  #string(schema: Schema, at: string): string {
    const { pattern, format } = schema;
    const least = this.#count(schema, 'minLength', at) ?? 0;
    const most = this.#count(schema, 'maxLength', at);
    if (most !== undefined && most < least) throw schemaError(at, 'maxLength is less than minLength');
    const counted = least > 0 || most !== undefined;
    if (pattern !== undefined || format !== undefined) {
      if (counted)
        throw schemaError(
          at,
          'a length cannot stand beside pattern or format: count in the pattern, such as ^[a-z]{1,20}$',
        );
      return this.#matching(pattern, format, at);
    }
    const rest = restOfString(this.#rules, most === undefined ? undefined : most - least);
    return `"\\"" ${least === 0 ? '' : `${character(this.#rules)}{${least}} `}${rest}`;
  }

  #matching(pattern: unknown, format: unknown, at: string): string {
    const known = typeof format === 'string' ? FORMATS.get(format) : undefined;
    if (pattern === undefined && known === undefined)
      throw schemaError(
        `${at}/format`,
        `${JSON.stringify(format)} is not known; known are ${[...FORMATS.keys()].join(', ')}`,
      );
    if (pattern !== undefined && typeof pattern !== 'string') throw schemaError(`${at}/pattern`, 'it is not a text');
    try {
      // A library that writes both gives the pattern of its format, of which ours is a part.
      const regex = pattern === undefined ? undefined : new RegExp(pattern, 'u');
      const isPart = known?.examples.every((example) => regex?.test(example) ?? true) ?? false;
      return matching(this.#rules, isPart ? known!.pattern : pattern!);
    } catch (error) {
      if (!(error instanceof UnknownPattern || error instanceof SyntaxError)) throw error;
      const { message } = error;
      const why = error instanceof UnknownPattern ? message : `(${message})`;
      throw schemaError(`${at}/pattern`, `this regular expression cannot be followed ${why}`);
    }
  }

  #count(schema: Schema, name: string, at: string): number | undefined {
    const value = schema[name];
    if (value === undefined) return undefined;
    if (typeof value !== 'number' || !Number.isInteger(value) || value < 0)
      throw schemaError(`${at}/${name}`, 'it is not a whole number of 0 or more');
    if (value > MOST.counted)
      throw schemaError(
        `${at}/${name}`,
        `it is at most ${MOST.counted}: leave it out, and limit the tokens of the answer`,
      );
    return value;
  }

  #array(schema: Schema, at: string, depth: number): string {
    const { prefixItems = [], items } = schema;
    if (schema['uniqueItems'] === true)
      throw schemaError(`${at}/uniqueItems`, 'it cannot be followed: leave it out and check it yourself');
    if (!Array.isArray(prefixItems)) throw schemaError(`${at}/prefixItems`, 'it is not a list');
    const least = this.#count(schema, 'minItems', at) ?? 0;
    const most = this.#count(schema, 'maxItems', at);
    const ws = space(this.#rules);
    const inside = (one: unknown, place: string): string =>
      `${this.expression(one, `${at}/${place}`, depth + 1, new Set())} ${ws}`;
    const first = prefixItems.map((one, i) => inside(one, `prefixItems/${i}`));
    const hasMore = items !== false && (items !== undefined || first.length === 0);
    const more = hasMore ? this.#rules.define(this.#rules.fresh(), () => inside(items ?? true, 'items')) : undefined;
    const longest = Math.min(most ?? Infinity, more === undefined ? first.length : Infinity);
    if (longest < least) throw schemaError(at, 'no list has so few and so many items');
    // From the end: what may come after the first i items.
    const ends = longest === Infinity ? Math.max(least, first.length) : longest;
    let after = longest === Infinity ? `("," ${ws} ${more!})*` : '""';
    for (let i = ends - 1; i >= 0; i--) {
      const item = `${i === 0 ? '' : `"," ${ws} `}${first[i] ?? more!} ${after}`;
      const body = i >= least ? `(${item})?` : item;
      after = this.#rules.define(this.#rules.fresh(), () => body);
    }
    if (ends === 0 && longest === Infinity) after = `(${more!} ("," ${ws} ${more!})*)?`;
    return `"[" ${ws} ${after} "]"`;
  }

  #object(schema: Schema, at: string, depth: number): string {
    const { properties = {}, required = [], additionalProperties, propertyNames } = schema;
    if (!isObject(properties)) throw schemaError(`${at}/properties`, 'it is not an object');
    if (!Array.isArray(required) || !required.every((name) => typeof name === 'string'))
      throw schemaError(`${at}/required`, 'it is not a list of names');
    const names = checked(propertyNames ?? true, `${at}/propertyNames`) ?? {};
    const others = additionalProperties ?? Object.keys(properties).length === 0;
    const listed = Array.isArray(names['enum'])
      ? (names['enum'] as unknown[]).filter((name) => typeof name === 'string')
      : [];
    const wanted = new Map<string, unknown>(Object.entries(properties));
    for (const name of [...required, ...listed] as string[]) {
      if (wanted.has(name)) continue;
      if (others === false)
        throw schemaError(`${at}/required`, `${JSON.stringify(name)} is required, but not among the properties`);
      wanted.set(name, others);
    }
    for (const [name, one] of wanted) if (one === false && !required.includes(name)) wanted.delete(name);
    const ws = space(this.#rules);
    const value = (one: unknown, place: string): string => this.expression(one, `${at}/${place}`, depth + 1, new Set());
    const pairs = Array.from(wanted, ([name, one]) => ({
      body: `${literal(JSON.stringify(name))} ${ws} ":" ${ws} ${value(one, `properties/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`)} ${ws}`,
      must: required.includes(name),
    }));
    // Beside named properties, others may come but need not.
    const hasMore = others !== false && listed.length === 0 && pairs.length === 0;
    const least = this.#count(schema, 'minProperties', at) ?? 0;
    const most = this.#count(schema, 'maxProperties', at);
    if (least > Math.max(required.length, hasMore ? 1 : 0))
      throw schemaError(`${at}/minProperties`, 'it cannot be followed: name the properties, and require them');
    if (hasMore) {
      const key =
        propertyNames === undefined ? `"\\"" ${restOfString(this.#rules)}` : this.#string(names, `${at}/propertyNames`);
      const pair = this.#rules.define(
        this.#rules.fresh(),
        () => `${key} ${ws} ":" ${ws} ${value(others, 'additionalProperties')} ${ws}`,
      );
      if (most === 0) return `"{" ${ws} "}"`;
      const body = `${pair} ("," ${ws} ${pair})${most === undefined ? '*' : `{0,${most - 1}}`}`;
      return `"{" ${ws} ${least > 0 ? body : `(${body})?`} "}"`;
    }
    if (most !== undefined && most < pairs.length)
      throw schemaError(`${at}/maxProperties`, 'it cannot be less than the number of named properties');
    return `"{" ${ws} ${this.#members(pairs, ws)} "}"`;
  }

  /** Named properties in their order, of which some may be left out. */
  #members(pairs: readonly { body: string; must: boolean }[], ws: string): string {
    let [first, later] = ['""', '""'];
    for (const { body, must } of pairs.toReversed()) {
      const pair = this.#rules.define(this.#rules.fresh(), () => body);
      const [nextFirst, nextLater] = [first, later];
      first = this.#rules.define(this.#rules.fresh(), () => `${pair} ${nextLater}${must ? '' : ` | ${nextFirst}`}`);
      later = this.#rules.define(
        this.#rules.fresh(),
        () => `"," ${ws} ${pair} ${nextLater}${must ? '' : ` | ${nextLater}`}`,
      );
    }
    return first;
  }
}

const ruleOf = (pointer: string): string => `ref_${Buffer.from(pointer).toString('hex')}`;
