// Slow: makes thousands of requests to a real daemon.
/** Invalid numbers and texts in requests of every method of the protocol, made from its schemas. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { z } from 'zod';
import { KINDS } from '../../daemon/jobs/kinds/registry.ts';
import { METHODS } from '../../daemon/protocol/registry.ts';
import { rawClient, serving } from '../serving.ts';
import type { RawClient, Serving } from '../serving.ts';
import { temporaryFolder } from '../temporary.ts';
import { counted } from '../counted.ts';

type Json = z.core.JSONSchema.JSONSchema;

interface Answer {
  error?: { code: number; message: string; data: { code: string } };
  result?: { plans?: { error?: { code: string } }[] };
}

let one: Serving;
let client: RawClient;
const home = temporaryFolder();
before(async () => {
  one = await serving(home);
  client = await rawClient(one);
});
after(async () => {
  client.socket.close();
  await one.close();
});

/** As JSON text, because JavaScript would not write some of them: numbers beyond its range, NaN as null. */
const NUMBERS = [
  '-1',
  '-0.5',
  '0.5',
  '1e400',
  '-1e400',
  '9007199254740993',
  '1e21',
  'null',
  '"1"',
  '"NaN"',
  '"Infinity"',
  'true',
  '[]',
  '[1]',
  '{}',
  '{"valueOf":1}',
];
const PATHS = [
  '""',
  '"../../etc/passwd"',
  '"a/../../b"',
  '"..\\\\..\\\\b"',
  '"file:///etc/passwd"',
  '"%252e%252e%252fx"',
  '"/a\\u0000b"',
  '"~/x"',
  '"relative"',
  `"/${'x'.repeat(10_000)}"`,
  '7',
  'null',
  '[]',
  '{}',
];
const NAMES = [
  '""',
  '" "',
  '"../x"',
  '"a/b"',
  '"a\\\\b"',
  '"."',
  '".."',
  '"a\\u0000b"',
  '"a\\nb"',
  '"\\u202ea"',
  '"\\u001b[2Ja"',
  `"${'x'.repeat(10_000)}"`,
  '[]',
  '{}',
  'true',
];

interface Place {
  path: string[];
  kind: 'number' | 'path' | 'name';
}

/** Params as JSON Schema, with every kind of job where the protocol takes the spec of any. */
function schemaOf(params: z.ZodType): Json {
  const options = { io: 'input', unrepresentable: 'any', reused: 'inline' } as const;
  const schema = z.toJSONSchema(params, options);
  const spec = { anyOf: KINDS.map((kind) => z.toJSONSchema(kind.spec, options)) };
  const specs = { type: 'array', items: spec } as const;
  const known = Object.entries({ spec, specs }).filter(([name]) => schema.properties?.[name] !== undefined);
  return { ...schema, properties: { ...schema.properties, ...Object.fromEntries(known) } };
}

/** The places where a schema takes numbers, paths and names. `kind` tells the branches of a union apart. */
function places(schema: Json | boolean | undefined, path: string[] = []): Place[] {
  if (schema === undefined || typeof schema === 'boolean') return [];
  const branches = schema.anyOf ?? schema.oneOf;
  if (branches !== undefined) {
    const inside = branches.flatMap((branch) => places(branch, path));
    // If it takes a number or a name: values that are neither.
    return inside.some(({ kind }) => kind === 'name') ? inside.filter(({ kind }) => kind !== 'number') : inside;
  }
  if (schema.type === 'integer' || schema.type === 'number') return [{ path, kind: 'number' }];
  if (schema.type === 'string' && schema.maxLength === 4096 && schema.minLength === 1) return [{ path, kind: 'path' }];
  if (schema.type === 'string' && schema.maxLength === 200 && schema.minLength === 1) return [{ path, kind: 'name' }];
  if (schema.type === 'array') return places(schema.items as Json, [...path, '0']);
  const kind = schema.properties?.['kind'];
  const at = typeof kind === 'object' && typeof kind.const === 'string' ? [`kind=${kind.const}`] : [];
  return Object.entries(schema.properties ?? {}).flatMap(([key, value]) => places(value, [...path, ...at, key]));
}

/** Params with the given JSON text at one place. */
function paramsWith([step, ...rest]: string[], piece: string): string {
  if (step === undefined) return piece;
  if (step === '0') return `[${paramsWith(rest, piece)}]`;
  if (step.startsWith('kind=')) {
    const inner = paramsWith(rest, piece);
    return `{"kind":${JSON.stringify(step.slice(5))},${inner.slice(1)}`;
  }
  return `{${JSON.stringify(step)}:${paramsWith(rest, piece)}}`;
}

function ask(id: number, method: string, params: string): Promise<Answer> {
  return new Promise((resolve) => {
    const hear = (data: Buffer): void => {
      const message = JSON.parse(data.toString());
      if (message.id !== id) return;
      client.socket.off('message', hear);
      resolve(message);
    };
    client.socket.on('message', hear);
    client.socket.send(`{"jsonrpc":"2.0","id":${id},"method":${JSON.stringify(method)},"params":${params}}`);
  });
}

test('every number, path and name of every method, replaced by what is none, is refused and changes nothing', async () => {
  const cases = [...METHODS.values()].flatMap((method) => {
    return places(schemaOf(method.params)).flatMap(({ path, kind }) =>
      ({ number: NUMBERS, path: PATHS, name: NAMES })[kind].map((piece) => ({
        method: method.name,
        params: paramsWith(path, piece),
      })),
    );
  });
  assert.ok(cases.length > 1000, `only ${cases.length} cases: the reader of schemas is broken`);
  let id = 1_000_000;
  const wrong: string[] = [];
  for (const { method, params } of cases) {
    const { error, result } = await ask(++id, method, params);
    // Of a list of plans each has an error of its own.
    if ((error?.data ?? result?.plans?.[0]?.error)?.code !== 'usage')
      wrong.push(`${method} ${params.slice(0, 200)}: ${JSON.stringify(error ?? 'accepted').slice(0, 300)}`);
  }
  assert.deepEqual(wrong.slice(0, 20), [], `${wrong.length} of ${cases.length}`);
  for (const table of ['adapter', 'run', 'job', 'project', 'audit', 'event'] as const) {
    const { rows } = await one.catalog.db
      .selectFrom(table)
      .select(({ fn }) => fn.countAll<number>().as('rows'))
      .executeTakeFirstOrThrow();
    assert.equal(rows, 0, table);
  }
  assert.deepEqual(
    readdirSync(dirname(home)).filter((name) => name === 'passwd' || name === 'x' || name === 'b'),
    [],
  );
  assert.ok(
    readdirSync(home).every((name) => ['catalog', 'uploads', 'cache', 'logs', 'runs', 'daemon'].includes(name)),
    join(home),
  );
  counted('Invalid numbers, paths and names', cases.length);
});

test('unknown methods and params of other types are refused', async () => {
  let id = 2_000_000;
  const methods = [
    '',
    'jobs',
    'jobs.',
    'jobs.submit ',
    'JOBS.LIST',
    '__proto__',
    'constructor',
    'toString',
    'rpc.discover',
    '../daemon.status',
    'daemon.status\u0000',
    'events.happened',
  ];
  for (const method of methods) assert.equal((await ask(++id, method, '{}')).error!.code, -32_601, method);
  const list = [...METHODS.keys()];
  for (const method of list) {
    assert.equal((await ask(++id, method, '[1,2,3]')).error!.data.code, 'usage', method);
    assert.equal((await ask(++id, method, '{"surplus":1}')).error!.data.code, 'usage', method);
  }
  counted('Unknown methods, invalid or unknown params', methods.length + 2 * list.length);
});
