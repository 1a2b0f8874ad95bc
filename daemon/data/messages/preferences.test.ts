import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readSample } from '../detect.ts';
import { formatOf } from '../formats/registry.ts';
import { LeftOut, type Row } from '../row.ts';

/** What is learned of a row, and what stands before it. */
function learned(row: Row): { before: (string | null | undefined)[]; learned: (string | null | undefined)[] } {
  const format = formatOf(row)!;
  assert.equal(format.name, 'preference', JSON.stringify(row));
  const sample = readSample(format, row);
  if (sample.kind === 'text') return { before: [], learned: [sample.text] };
  assert.ok(sample.kind !== 'code');
  const from = sample.kind === 'pair' ? sample.messages.length - 1 : (sample.from ?? 0);
  const texts = sample.messages.map(({ content }) => content);
  return { before: texts.slice(0, from), learned: texts.slice(from) };
}

const user = { role: 'user', content: 'q' };
const good = { role: 'assistant', content: 'good' };
const bad = { role: 'assistant', content: 'bad' };
const turn = (from: string, value: string) => ({ from, value });

test('of two answers the preferred one is learned, in every layout', () => {
  const rows: Row[] = [
    { prompt: 'q', chosen: 'good', rejected: 'bad' },
    { question: 'q', chosen: 'good', rejected: 'bad' },
    { instruction: 'q', input: '', chosen: 'good', rejected: 'bad' },
    {
      prompt: 'q',
      chosen: [user, good],
      rejected: [user, bad],
      messages: [user, good],
      score_chosen: 8,
      score_rejected: 3,
    },
    { chosen: [user, good], rejected: [user, bad] },
    { prompt: [user], chosen: [good], rejected: [bad] },
    { prompt: 'q', chosen: [good], rejected: [bad] },
    { prompt: JSON.stringify([user]), chosen: JSON.stringify([good]), rejected: JSON.stringify([bad]) },
    { conversations: [turn('human', 'q')], chosen: turn('gpt', 'good'), rejected: turn('gpt', 'bad') },
    { messages: [user], chosen: 'good', rejected: 'bad' },
    { chosen: '\n\nHuman: q\n\nAssistant: good', rejected: '\n\nHuman: q\n\nAssistant: bad' },
    { prompt: '\n\nHuman: q\n\nAssistant:', chosen: ' good', rejected: ' bad' },
    { input: { messages: [user] }, preferred_output: [good], non_preferred_output: [bad] },
    { chosen_messages: [user, good], rejected_messages: [user, bad] },
    { messages: [user, good], rejected_response: 'bad' },
    { messages: [user, good], rejected_messages: [user, bad] },
    { query: 'q', response: 'good', rejected_response: 'bad' },
    { question: 'q', response_j: 'good', response_k: 'bad' },
    { instruction: 'q', output_1: 'bad', output_2: 'good', preference: 2 },
    { prompt: 'q', response_1: 'good', response_2: 'bad', preference_strength: -2 },
    { history: 'q', human_ref_A: 'bad', human_ref_B: 'good', labels: 0 },
    { context: [user], response1: 'bad', response2: 'good', overall_preference: 2 },
    { conversation_a: [user, bad], conversation_b: [user, good], winner: 'model_b' },
    {
      instruction: 'q',
      completions: [
        { response: 'bad', overall_score: 2 },
        { response: 'good', overall_score: 9 },
      ],
    },
    {
      prompt: 'q',
      answers: [
        { answer: 'bad', rank: 2 },
        { answer: 'good', rank: 1 },
      ],
    },
    { instruction: 'q', generations: ['bad', 'good'], ratings: [1, 5] },
    { instruction: 'q', responses: ['good', 'bad'], ranks: [1, 2] },
  ];
  for (const row of rows) assert.deepEqual(learned(row), { before: ['q'], learned: ['good'] }, JSON.stringify(row));
});

test('earlier turns that both dialogues share are not learned', () => {
  const opening = [user, { role: 'assistant', content: 'shared' }, { role: 'user', content: 'r' }];
  const before = ['q', 'shared', 'r'];
  assert.deepEqual(learned({ chosen: [...opening, good], rejected: [...opening, bad] }), { before, learned: ['good'] });
  assert.deepEqual(learned({ messages: opening, chosen: good, rejected: bad }), { before, learned: ['good'] });
  const dialogue = '\n\nHuman: q\n\nAssistant: shared\n\nHuman: r\n\nAssistant: ';
  assert.deepEqual(learned({ chosen: `${dialogue}good`, rejected: `${dialogue}bad` }), { before, learned: ['good'] });
});

test('system messages and tools of preference rows are kept', () => {
  assert.deepEqual(learned({ system: 's', question: 'q', chosen: 'good', rejected: 'bad' }), {
    before: ['s', 'q'],
    learned: ['good'],
  });
  const row = {
    input: { messages: [user], tools: [{ name: 'f' }] },
    preferred_output: [good],
    non_preferred_output: [bad],
  };
  const sample = readSample(formatOf(row)!, row);
  assert.ok(sample.kind === 'chat');
  assert.deepEqual(sample.tools, [{ name: 'f' }]);
});

test('a row that does not say which answer is better is left out', () => {
  const rows: Row[] = [
    { prompt: 'q', chosen: 'same', rejected: 'same' },
    { prompt: 'q', chosen: '', rejected: 'bad' },
    { prompt: 'q', chosen: null, rejected: 'bad' },
    { prompt: 'q', chosen: 'good', rejected: 'bad', score_chosen: 1, score_rejected: 2 },
    { conversation_a: [user, good], conversation_b: [user, bad], winner: 'tie (bothbad)' },
    { instruction: 'q', output_1: 'x', output_2: 'y', preference: 0 },
  ];
  for (const row of rows)
    assert.throws(
      () => learned(row),
      (error) => error instanceof LeftOut,
      JSON.stringify(row),
    );
});

test('rows without a rejected answer are ordinary rows', () => {
  assert.equal(formatOf({ messages: [user, good], rejected_response: null })!.name, 'chat');
  assert.equal(formatOf({ prompt: 'q', completion: 'a', chosen: true })!.name, 'pair');
  assert.equal(formatOf({ prompt: 'q', completion: 'a', answers: ['a', 'b'] })!.name, 'pair');
});
