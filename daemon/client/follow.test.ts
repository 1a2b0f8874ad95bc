// Slow: restarts real daemons under a subscription.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { daemonHome, until } from '../../test/daemon.ts';
import type { Event } from '../protocol/events.ts';
import { usersCreate } from '../protocol/owners.ts';
import { connect } from './connect.ts';
import { stopDaemon } from './stop.ts';

daemonHome();

const names = (events: readonly Event[]): string[] =>
  events.flatMap(({ body }) =>
    body.type === 'catalog' && body.kind === 'user' && body.name !== null ? [body.name] : [],
  );

test('who follows sees each event once and in order, through kills and stops of the daemon', async () => {
  const [writer, reader] = await Promise.all([connect(), connect()]);
  const seen: Event[] = [];
  const following = await reader.follow(['catalog'], 0, { events: (events) => seen.push(...events) });
  const acknowledged: string[] = [];
  for (let round = 0; round < 4; round++) {
    for (let i = 0; i < 10; i++) {
      const name = `user ${round}-${i}`;
      await writer.call(usersCreate, { name });
      acknowledged.push(name);
    }
    // A kill while the events of the last calls may still be on their way, or an end in order.
    if (round % 2 === 0) process.kill(writer.daemon()!.pid, 'SIGKILL');
    else await stopDaemon();
    await until('both know', () => writer.daemon() === undefined && reader.daemon() === undefined);
  }
  await writer.call(usersCreate, { name: 'last' });
  await until('the last event comes', () => names(seen).includes('last'));
  const numbers = seen.map(({ number }) => number);
  assert.deepEqual(
    numbers,
    [...new Set(numbers)].sort((a, b) => a - b),
  );
  assert.deepEqual(
    names(seen).filter((name) => name.startsWith('user ') || name === 'last'),
    [...acknowledged, 'last'],
  );

  await following.end();
  await writer.call(usersCreate, { name: 'unheard' });
  await setTimeout(300);
  assert.ok(!names(seen).includes('unheard'));

  // From now on: nothing of before.
  const later: Event[] = [];
  await reader.follow(['catalog'], undefined, { events: (events) => later.push(...events) });
  await writer.call(usersCreate, { name: 'new' });
  await until('it comes', () => later.length > 0);
  assert.deepEqual(names(later), ['new']);
  await writer.close();
  await reader.close();
});

test('a topic that cannot be followed is refused', async () => {
  const client = await connect();
  await assert.rejects(client.follow(['jobs/7' as 'jobs'], undefined, { events: () => undefined }), { code: 'usage' });
  await client.close();
});
