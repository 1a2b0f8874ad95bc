import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { template } from './template.ts';
import { Float, floatText, type Value } from './values.ts';

const DATE = new Date('2025-01-01T00:00:00Z');
const render = (source: string, variables: Record<string, Value> = {}) =>
  template(source)(Object.entries(variables), { date: DATE }).text;

test('templates print what Jinja prints as transformers sets it up', () => {
  // Each template with what transformers 5.23 and Jinja 3.1 made of it on 1 January 2025.
  const fixture = new URL('../../test/fixtures/templates/jinja.json', import.meta.url);
  for (const [source, text] of JSON.parse(readFileSync(fixture, 'utf8')) as [string, string][])
    assert.equal(render(source), text, source);
});

test('what Jinja refuses is refused', () => {
  const cases: [string, RegExp, Record<string, Value>?][] = [
    ["{{ 'a' + d }}", /can only concatenate str \(not "dict"\) to str/, { d: new Map() }],
    ["{{ 'a' + missing }}", /'missing' is undefined/],
    ['{{ missing.field }}', /'missing' is undefined/],
    ['{{ m.field + 1 }}', /'dict object' has no attribute 'field'/, { m: new Map() }],
    ['{{ [].append(1) }}', /access to attribute 'append' of 'list' object is unsafe/],
    ["{{ {}.update({'a': 1}) }}", /unsafe/],
    ["{{ raise_exception('no tools here') }}", /^no tools here$/],
    ['{{ range(1000000) }}', /Range too big/],
    ['{{ 1 / 0 }}', /division by zero/],
    ["{{ 1 < 'a' }}", /not supported between instances of 'int' and 'str'/],
    ['{{ missing | tojson }}', /Undefined is not JSON serializable/],
    ['{% set missing.x = 1 %}', /non-namespace/],
    ['{% for a, b in [[1]] %}{% endfor %}', /unpack/],
    ["{{ 'a' * 99999999 }}", /too often/],
  ];
  for (const [source, message, variables] of cases) assert.throws(() => render(source, variables), { message }, source);
});

test('a template that cannot be read is refused with its line', () => {
  assert.throws(() => template('a\n{% if x %}'), /missing/);
  assert.throws(() => template('a\n\n{{ x | nothing }}'), /line 3: no filter named 'nothing'/);
  assert.throws(() => template('{% include "x" %}'), /line 1: the tag "include" is not known/);
  assert.throws(() => template('{{ x'), /not closed/);
  assert.throws(() => template('{{ (x] }}'), /unexpected "]"/);
});

test('what {% generation %} marks and what each turn of a loop wrote is recorded', () => {
  const source = '{% for m in messages %}<{{ m.role }}>{% generation %}{{ m.text }}{% endgeneration %}{% endfor %}!';
  const messages = ['a', 'bcd'].map((text) => new Map<Value, Value>([['role', 'r'], ['text', text]])); // prettier-ignore
  const { text, generated, turns } = template(source)([['messages', messages]], { date: DATE, watched: messages });
  assert.equal(text, '<r>a<r>bcd!');
  assert.deepEqual(
    generated.map(({ start, end }) => text.slice(start, end)),
    ['a', 'bcd'],
  );
  assert.deepEqual(
    turns.map(({ start, end, item }) => [text.slice(start, end), messages.indexOf(item as (typeof messages)[0])]),
    [
      ['<r>a', 0],
      ['<r>bcd', 1],
    ],
  );
});

test('floats are printed as Python prints them', () => {
  const known: [number, string][] = [
    [1, '1.0'],
    [-0, '-0.0'],
    [1e-7, '1e-07'],
    [0.0001, '0.0001'],
    [1e15, '1000000000000000.0'],
    [1e16, '1e+16'],
    [1.5e300, '1.5e+300'],
    [123456.789, '123456.789'],
    [-2.5e-10, '-2.5e-10'],
    [NaN, 'nan'],
    [-Infinity, '-inf'],
  ];
  for (const [value, text] of known) assert.equal(floatText(value), text);
  assert.equal(render('{{ x | tojson }}', { x: [new Float(NaN), new Float(2)] }), '[NaN, 2.0]');
});
