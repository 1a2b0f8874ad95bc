import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Completion } from '../../protocol/completions.ts';
import { createOutbox } from './outbox.ts';

const completion = (key: string, characters = 1): Completion => ({ key, characters }) as Completion;

test('the latest state of each is sent, at most 200 at once', async () => {
  const sent: Completion[][] = [];
  const outbox = createOutbox((some) => Promise.resolve(sent.push(some)));
  for (let i = 0; i < 250; i++) outbox.put(completion(`key ${i}`));
  outbox.put(completion('key 3', 7));
  await Promise.all([outbox.flush(), outbox.flush()]);
  assert.deepEqual(sent.map((some) => some.length), [200, 50]); // prettier-ignore
  assert.equal(sent[0]![3]!.characters, 7);
  assert.equal(outbox.size, 0);
});

test('what could not be sent, and what changed while it was sent, is sent the next time', async () => {
  const sent: number[] = [];
  let works = false;
  const outbox = createOutbox((some) => {
    if (!works) return Promise.reject(new Error('no daemon'));
    for (const one of some) {
      sent.push(one.characters);
      if (one.characters === 1) outbox.put(completion(one.key, 2));
    }
    return Promise.resolve();
  });
  outbox.put(completion('one'));
  await assert.rejects(outbox.flush(), /no daemon/);
  works = true;
  await outbox.flush();
  assert.deepEqual(sent, [1, 2]);
  for (let i = 0; i < 2500; i++) outbox.put(completion(`key ${i}`));
  assert.equal(outbox.size, 2000);
  outbox.clear();
  await outbox.flush();
  assert.equal(sent.length, 2);
});
