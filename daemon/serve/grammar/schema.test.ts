import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { Validator } from '@cfworker/json-schema';
import { root } from '../../../test/sources.ts';
import { seededRandom } from '../../data/random.ts';
import { loadTokenizer } from '../../data/tokenizer.ts';
import { Grammars } from './grammars.ts';
import { openBytes } from './utf8.ts';
import { readVocabulary } from './vocabulary.ts';

const DEMO = join(root, 'daemon/demo');
const tokenizer = loadTokenizer(DEMO);
const vocabulary = readVocabulary(DEMO)!;
const END = 0;
const size = vocabulary.tokens.length;

/** Tokens that often end something, so that a random text does end. */
const closing = vocabulary.tokens.flatMap((token, id) => (/["}\]]/.test(token) ? [id] : []));

const SCHEMAS: object[] = [
  {},
  { type: 'object' },
  { type: 'object', properties: { a: { type: 'string' }, b: { type: 'integer' }, c: {} }, required: ['b'] },
  { type: 'object', properties: { 'q"': { type: 'null' }, 'é\\': { type: 'boolean' } }, required: ['q"', 'é\\'] },
  { type: 'object', propertyNames: { enum: ['x', 'y'] }, additionalProperties: { type: 'boolean' }, required: ['x'] },
  { type: 'object', propertyNames: { pattern: '^k' }, additionalProperties: { type: 'integer' }, minProperties: 1 },
  { type: 'array', minItems: 3 },
  { type: 'array', items: { enum: ['a"', null, 1.5, { z: [] }] }, minItems: 1, maxItems: 3 },
  { type: 'array', prefixItems: [{ type: 'null' }, { const: 'x\n' }], items: { type: 'boolean' }, minItems: 1, maxItems: 4 },
  { type: 'string', minLength: 2, maxLength: 4 },
  { type: ['string', 'null'], maxLength: 1 },
  { type: 'integer', minimum: -17, maximum: 1234 },
  { type: 'integer', exclusiveMinimum: 5 },
  { type: 'number', minimum: -1.25, maximum: 2.5 },
  { type: 'number', exclusiveMinimum: -0.5, exclusiveMaximum: 0.125 },
  { type: 'number', minimum: 1e-7, maximum: 1e-5 },
  { type: 'string', pattern: '^(?:a|b{2,3})?[^a-z"]\\d+\\W\\S.$' },
  { type: 'string', pattern: 'x|^y' },
  { type: 'string', pattern: '^["\\\\é\\n]{1,3}$' },
  ...['date', 'time', 'date-time', 'duration', 'email', 'hostname', 'ipv4', 'ipv6', 'uri', 'uuid'].map((format) => ({
    ...{ type: 'string', format },
  })),
  { allOf: [{ type: 'integer' }, { minimum: 3 }, { maximum: 5 }] },
  { type: 'object', required: ['k'], anyOf: [{ properties: { k: { const: 1 } } }, { properties: { k: { type: 'string' } } }] },
  {
    $ref: '#/$defs/node',
    $defs: {
      node: {
        type: 'object',
        properties: { value: { type: 'number' }, next: { anyOf: [{ $ref: '#/$defs/node' }, { type: 'null' }] } },
        required: ['value', 'next'],
      },
    },
  },
]; // prettier-ignore

test('whatever a model prefers, its answer is JSON that fits the schema', async () => {
  const grammars = new Grammars({ vocabulary, size, ends: [END] });
  try {
    for (const schema of SCHEMAS) {
      const validator = new Validator(schema, '2020-12');
      for (let seed = 0; seed < 6; seed++) {
        const text = await randomAnswer(grammars, schema, seed);
        if (text === undefined) continue; // it did not end
        const { valid, errors } = validator.validate(JSON.parse(text));
        assert.ok(valid, `${JSON.stringify(schema)} got ${text}: ${JSON.stringify(errors)}`);
      }
    }
  } finally {
    await grammars.release();
  }
});

async function randomAnswer(grammars: Grammars, schema: unknown, seed: number): Promise<string | undefined> {
  const random = seededRandom(JSON.stringify(schema), seed);
  const constraint = await grammars.open({ schema });
  const tokens: number[] = [];
  try {
    while (tokens.length < 300) {
      const logits = Float32Array.from({ length: size }, () => random());
      if (random() < 0.5) for (const id of closing) logits[id]! += tokens.length / 20;
      logits[END]! += 0.5;
      constraint.apply(logits);
      const token = logits.indexOf(logits.reduce((a, b) => Math.max(a, b)));
      assert.notEqual(logits[token], -Infinity, 'no token is allowed');
      constraint.accept(token);
      if (token === END) return tokenizer.decode(tokens);
      tokens.push(token);
    }
    return undefined;
  } finally {
    constraint.close();
  }
}

test('texts around the JSON are part of the answer', async () => {
  const grammars = new Grammars({ vocabulary, size, ends: [END] });
  try {
    const constraint = await grammars.open({ schema: { const: 1 }, before: '<a>', after: '</a>' });
    for (const token of tokenizer.encode('<a>1</a>', { addSpecialTokens: false })) {
      const logits = new Float32Array(size);
      constraint.apply(logits);
      assert.equal(logits[token], 0);
      assert.equal(logits[END], -Infinity, 'it cannot end yet');
      constraint.accept(token);
    }
    const logits = new Float32Array(size);
    constraint.apply(logits);
    assert.deepEqual(Array.from(logits.entries()).filter(([, value]) => value === 0), [[END, 0]]); // prettier-ignore
    constraint.close();
  } finally {
    await grammars.release();
  }
});

test('a grammar that takes too long ends alone', async () => {
  const grammars = new Grammars({ vocabulary, size, ends: [END], prepareMs: 1 });
  await assert.rejects(grammars.open({ schema: {} }), /to prepare it takes more than 0.001 seconds/);
  await grammars.release();
});

test('the beginning of a character is known, and bytes that are invalid', () => {
  const open = (...bytes: number[]): number | undefined => openBytes(Uint8Array.from(bytes))?.length;
  assert.deepEqual([open(), open(0x41), open(0xc3, 0xa9), open(0xf0, 0x9f, 0x98, 0x80)], [0, 0, 0, 0]);
  assert.deepEqual([open(0x41, 0xc3), open(0xe2, 0x82), open(0xf0, 0x9f, 0x98)], [1, 2, 3]);
  for (const bad of [[0x80], [0xc0, 0x80], [0xc3, 0x41], [0xed, 0xa0, 0x80], [0xf5], [0xf4, 0x90]])
    assert.equal(open(...bad), undefined);
});
