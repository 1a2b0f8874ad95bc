// Slow: starts processes.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { DEMO } from '../../../test/served.ts';
import { until } from '../../../test/serving.ts';
import { temporaryFolder } from '../../../test/temporary.ts';
import { loadTokenizer } from '../../data/tokenizer.ts';
import { type HeldOutRequest, questionOf } from './heldOut.ts';
import { openReader } from './reader.ts';

process.env['VERA_HOME'] = temporaryFolder();
const reader = openReader({ idleMs: 100 });
after(() => reader.stop());

const ROWS = 200;
const file = join(temporaryFolder(), 'questions.jsonl');
writeFileSync(
  file,
  Array.from({ length: ROWS }, (_, i) => JSON.stringify({ prompt: `Question ${i}?`, completion: `Answer ${i}.` })).join(
    '\n',
  ),
);
const settings = (data: string): HeldOutRequest['settings'] => ({
  ...{ data, base: DEMO, heldOut: 0.1, lossOn: 'answer', onBadRow: 'error', fimRate: 0.5 },
});

test('tokens as the tokenizer of a base counts them', async () => {
  const tokenizer = loadTokenizer(DEMO);
  const text = 'const text = "naïve";\n'.repeat(500);
  assert.equal(await reader.ask('count', { base: DEMO, prompt: { text } }), tokenizer.encode(text).length);
  const messages = [{ role: 'user', content: 'Hello' }];
  const written = tokenizer.renderChat!(messages, { addGenerationPrompt: true });
  assert.equal(
    await reader.ask('count', { base: DEMO, prompt: { messages } }),
    tokenizer.encode(written, { addSpecialTokens: false }).length,
  );
});

test('the held-out rows of a run, in pages, as questions with their answers', async () => {
  const all = await reader.ask('heldOut', { settings: settings(file), from: 0, limit: 50 });
  assert.ok(all.total > 1 && all.total < ROWS / 2, `${all.total} rows`);
  assert.equal(all.rows.length, Math.min(50, all.total));
  for (const { chat, before, prompt, expected, source } of all.rows) {
    const [, number] = /^Question (\d+)\?$/.exec(prompt)!;
    assert.deepEqual([chat, before, expected], [true, [], `Answer ${number!}.`]);
    assert.equal(source, `${file}, line ${Number(number) + 1}`);
  }
  const second = await reader.ask('heldOut', { settings: settings(file), from: 1, limit: 1 });
  assert.deepEqual(second.rows, [all.rows[1]]);
  const code = await reader.ask('heldOut', { settings: settings(import.meta.dirname), from: 0, limit: 5 });
  assert.ok(code.rows.length > 0 && code.rows.every(({ chat }) => !chat));
});

test('what cannot be read is said, and the next question is answered', async () => {
  await assert.rejects(reader.ask('count', { base: 'somebody/nothing', prompt: { text: 'x' } }), {
    code: 'model',
    message: /has not been downloaded/,
  });
  await assert.rejects(reader.ask('heldOut', { settings: settings('/no/such.jsonl'), from: 0, limit: 1 }), {
    code: 'data',
  });
  assert.equal(await reader.ask('count', { base: DEMO, prompt: { tokens: [1, 2, 3] } }), 3);
});

test('its process ends when nobody asks, and starts again', async () => {
  const workers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'ProcessWrap').length;
  await reader.ask('count', { base: DEMO, prompt: { tokens: [1] } });
  assert.equal(workers(), 1);
  await until('it has ended', () => workers() === 0, 10_000);
  assert.equal(await reader.ask('count', { base: DEMO, prompt: { tokens: [1, 2] } }), 2);
});

test('the question in a row', () => {
  const said = (role: string, content: string) => ({ role, content });
  const messages = [said('system', 'Be brief.'), said('user', 'a'), said('assistant', 'b'), said('user', 'c')];
  assert.deepEqual(questionOf({ kind: 'chat', messages }, true), {
    ...{ chat: true, before: [said('system', 'Be brief.')], prompt: 'a', expected: 'b' },
  });
  assert.equal(questionOf({ kind: 'chat', messages }, false), undefined);
  assert.equal(questionOf({ kind: 'chat', messages: [said('user', 'a')] }, true), undefined);
  const pair = { kind: 'pair', prompt: 'a ', completion: 'b', messages: [] } as const;
  assert.deepEqual(questionOf({ ...pair, messages: [] }, false), {
    ...{ chat: false, before: [], prompt: 'a ', expected: 'b' },
  });
  const text = questionOf({ kind: 'text', text: 'one two three four' }, true)!;
  assert.deepEqual([text.prompt, text.expected], ['one two three', ' four']);
  const code = questionOf({ kind: 'code', text: 'a = 1\nb = 2\nc = 3\nd = 4\n' }, true)!;
  assert.deepEqual([code.prompt, code.expected], ['a = 1\nb = 2\n', 'c = 3\nd = 4\n']);
  assert.equal(questionOf({ kind: 'code', text: '\n' }, true), undefined);
});
