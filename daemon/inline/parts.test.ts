/** The parts of inline completion that need no model: what typing leaves of an answer, prompts, waiting, patterns. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { rememberedAnswers } from './answers.ts';
import { adaptiveDebounce } from './debounce.ts';
import { recentEdits } from './edits.ts';
import { fit } from './fit.ts';
import { fitsAny } from './globs.ts';
import { keepMeasures } from './measures.ts';
import { relatedBlocks } from './related.ts';
import { EXCLUDED } from './settings.ts';
import { measuredSpeed } from './speed.ts';

const CODE = fc.string({
  unit: fc.constantFrom('a', 'b', '(', ')', '{', '}', ' ', '\n', '"', ';', 'é', '𝒳'),
  maxLength: 30,
});

test('what is served while typing never disagrees with what was typed', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(CODE, CODE, CODE), { maxLength: 6 }),
      CODE,
      CODE,
      CODE,
      fc.nat(),
      (all, p, s, t, n) => {
        const answers = rememberedAnswers();
        for (const [prefix, suffix, text] of [...all, [p, s, t] as const]) answers.add('m', prefix, suffix, text);
        const typed = t.slice(0, n % (t.length + 1));
        const found = answers.find('m', p + typed, s);
        if (typed.length < t.length || t === '') assert.ok(found, 'an answer that still fits is found');
        if (!found) return;
        // Some answer was asked for before what was typed, and its text goes through it.
        assert.equal(found.typed + found.rest, found.answer.text);
        assert.ok((p + typed).endsWith(found.answer.before + found.typed));
        assert.equal(found.answer.suffix, s.slice(0, 500));
        assert.equal(answers.find('other', p + typed, s), undefined);
      },
    ),
    { numRuns: 2000 },
  );
});

test('the longest known prefix counts, other typing finds nothing, and only so many are kept', () => {
  const answers = rememberedAnswers(3);
  answers.add('m', 'const a', ' end', ' = one();');
  answers.add('m', 'const a = ', ' end', 'two();');
  assert.equal(answers.find('m', 'const a = t', ' end')!.rest, 'wo();');
  assert.equal(answers.find('m', 'const a =', ' end')!.rest, ' one();');
  assert.equal(answers.find('m', 'const a = x', ' end'), undefined);
  assert.equal(answers.find('m', 'const a', ' other end'), undefined);
  assert.equal(answers.find('m', 'const a = two();', ' end'), undefined); // nothing is left of it
  for (let i = 0; i < 3; i++) answers.add('m', `x${i}`, '', 'y');
  assert.equal(answers.find('m', 'const a', ' end'), undefined);
});

test('a bracket that the editor closes while it is typed does not hide the answer', () => {
  const answers = rememberedAnswers();
  answers.add('m', 'call', '\nnext\n', '(a, b);');
  assert.equal(answers.find('m', 'call(', ')\nnext\n')!.rest, 'a, b);');
  assert.equal(answers.find('m', 'call', ')\nnext\n'), undefined);
});

test('a long document: the text before the cursor counts as far as it matters', () => {
  const answers = rememberedAnswers();
  const long = 'x = 1;\n'.repeat(2000);
  answers.add('m', long, long, 'y = 2;');
  assert.equal(answers.find('m', `${long}y`, long)!.rest, ' = 2;');
  const start = performance.now();
  for (let i = 0; i < 250; i++) answers.add('m', `${long}${i}`, long, 'z'.repeat(400));
  answers.find('m', `${long}zz`, long);
  assert.ok(performance.now() - start < 500);
});

test('prompts begin with the same text while a person types, and fit', () => {
  const lines = Array.from({ length: 400 }, (_, i) => `const value${i} = compute(${i});\n`).join('');
  const options = { characters: 4000, suffixCharacters: 300, extraShare: 0.35 };
  const extra = ['export function compute(n: number): number {\n  return n * 2;\n}'];
  let last = '';
  let moved = 0;
  for (let typed = 0; typed < 600; typed++) {
    const prefix = lines + 'abcdefg\n'.repeat(200).slice(0, typed);
    const fitted = fit({ prefix, suffix: lines, extra }, options);
    assert.ok(fitted.prefix.length + fitted.suffix.length <= options.characters);
    assert.ok(fitted.prefix.endsWith(prefix.slice(-100)) && fitted.prefix.startsWith(extra[0]!) && fitted.cut);
    assert.ok(lines.startsWith(fitted.suffix) && fitted.suffix.length <= 300);
    if (typed > 0 && !fitted.prefix.startsWith(last)) moved++;
    last = fitted.prefix;
  }
  assert.ok(moved <= 1, `the beginning moved ${moved} times in 600 keys`);
});

test('related text: the most similar blocks, in an order that stays', () => {
  const block = (name: string): string =>
    `export function ${name}Total(${name}Items) {\n  return sum(${name}Items);\n}\n`;
  const sources = ['order', 'invoice', 'weather'].map((name) => ({ uri: name, text: block(name) }));
  const related = relatedBlocks();
  const place = (text: string) => ({ uri: 'a', languageId: 'typescript', text, offset: text.length });
  const order = related.choose(place('const orderItems = [];\nreturn orderTotal('), sources, 4000);
  assert.deepEqual(
    order.map(({ uri }) => uri),
    ['order'],
  );
  const both = related.choose(place('orderTotal(orderItems); invoiceTotal(invoiceItems)'), sources, 4000);
  assert.deepEqual(
    both.map(({ uri }) => uri),
    ['order', 'invoice'],
  ); // the new one is last
  assert.deepEqual(related.choose(place('orderTotal'), sources, 10), []);
  assert.deepEqual(related.choose(place('nothing alike here'), sources, 4000), []);
});

test('places that were edited lately, but not the one of the cursor', () => {
  const edits = recentEdits();
  const text = `${'a line\n'.repeat(300)}const here = 1;\n${'b line\n'.repeat(300)}`;
  const start = text.indexOf('const here');
  const edit = { uri: 'a', languageId: 'x', text, start, removed: 0, inserted: 'const' };
  edits.add(edit);
  edits.add(edit);
  const [source, ...others] = edits.sources('a', 0);
  assert.match(source!.text, /^(a line\n)+const here = 1;\n(b line\n?)+$/);
  assert.equal(others.length, 0);
  assert.deepEqual(edits.sources('a', start + 10), []);
  assert.equal(edits.sources('b', start).length, 1);
});

test('fast typists are waited for less, slow answers too, and an unlikely place more', () => {
  const waits = [60, 250].map((interval) => {
    const debounce = adaptiveDebounce();
    for (let i = 0; i < 50; i++) debounce.typed(i * interval);
    const wait = (latencyMs: number, likely: boolean): number => debounce.waitMs({ latencyMs, likely });
    assert.ok(wait(10, true) < wait(10, false) && wait(200, false) < wait(10, false));
    return wait(50, false);
  });
  assert.ok(waits[0]! < waits[1]!, waits.join());
  fc.assert(
    fc.property(fc.array(fc.nat(5000)), fc.double({ min: 0, max: 1e5, noNaN: true }), (gaps, latencyMs) => {
      const debounce = adaptiveDebounce();
      let now = 0;
      for (const gap of gaps) debounce.typed((now += gap));
      const wait = debounce.waitMs({ latencyMs, likely: false });
      assert.ok(wait >= 15 && wait <= 400);
    }),
  );
});

test('a slow machine gets short prompts, and room does not move with each answer', () => {
  const answers = (perSecond: number) => {
    const speed = measuredSpeed();
    for (let i = 0; i < 40; i++)
      speed.add(
        {
          promptTokens: 400,
          cachedTokens: 0,
          answerTokens: 10,
          firstTokenMs: 4e5 / perSecond,
          totalMs: 4e5 / perSecond + 100,
        },
        1200,
      );
    return speed;
  };
  const [slow, fast] = [answers(100).room(4096, 48), answers(4000).room(4096, 48)];
  assert.ok(slow.characters < 700 && fast.characters > 5000, JSON.stringify([slow, fast]));
  assert.ok(slow.suffixCharacters < fast.suffixCharacters);
  const speed = answers(1000);
  const room = speed.room(1024, 48);
  speed.add({ promptTokens: 400, cachedTokens: 0, answerTokens: 10, firstTokenMs: 430, totalMs: 500 }, 1210);
  assert.deepEqual(speed.room(1024, 48), room);
  assert.ok(room.characters <= (1024 - 48) * 3.1);
  speed.tooLong();
  assert.ok(speed.room(1024, 48).characters < room.characters);
});

test('latencies are told by stage', () => {
  const measures = keepMeasures(100);
  for (let i = 1; i <= 200; i++)
    measures.add({
      origin: i % 2 ? 'model' : 'cache',
      totalMs: i,
      debounceMs: 0,
      contextMs: 1,
      promptTokens: 10,
      cachedTokens: 8,
      characters: 1,
    });
  const { count, stages, byOrigin, cachedShare } = measures.latency();
  assert.deepEqual([count, stages.totalMs, stages.firstTokenMs], [100, { p50: 151, p95: 196 }, undefined]);
  assert.deepEqual([byOrigin, cachedShare], [{ cache: 50, running: 0, model: 50 }, 0.8]);
});

test('files with secrets are excluded, in folders that begin with a dot and on Windows too', () => {
  for (const path of [
    '/a/.env',
    '/a/.env.local',
    '/a/prod.env',
    '/a/key.PEM',
    '/users/.ssh/config',
    'c:\\a\\.aws\\x\\y',
    '/a/my_secrets.ts',
    '/a/id_rsa',
  ])
    assert.ok(fitsAny(path, EXCLUDED), path);
  for (const path of ['/a/environment.ts', '/a/keyboard.ts', '/a/.github/main.yml', '/a/ssh/config'])
    assert.ok(!fitsAny(path, EXCLUDED), path);
  assert.ok(fitsAny('/a/b/c.min.js', ['**/*.{min,bundle}.js']) && !fitsAny('/a/b/c.js', ['**/*.{min,bundle}.js']));
  assert.ok(fitsAny('/a/b,c', ['b,c']) && fitsAny('/a/{b', ['{b']) && !fitsAny('/a/bc', ['b?c', '[bc]']));
});
