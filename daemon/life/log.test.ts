import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { temporaryFolder } from '../../test/temporary.ts';
import { followLines, lastLines } from '../client/logs.ts';
import { openLog } from './log.ts';

const TOKEN = 'secret-'.repeat(7);

test('files rotate by size, few are kept, for the user alone, and no secret is in any', async () => {
  const dir = temporaryFolder();
  const log = openLog(dir, { level: 'info', secrets: [TOKEN], size: 20_000 });
  const seen: string[] = [];
  const over = new AbortController();
  const following = followLines(dir, (line) => seen.push(line), over.signal);
  for (let i = 0; i < 2000; i++) {
    log.logger.info(
      { i, url: `/x?token=${TOKEN}`, headers: { authorization: `Bearer ${TOKEN}` } },
      `line ${i} ${TOKEN}`,
    );
    log.logger.debug('unseen');
    if (i % 100 === 0) await setTimeout(10);
  }
  await log.end();
  await setTimeout(600);
  over.abort();
  await following;
  const files = readdirSync(dir).sort();
  assert.deepEqual(files, ['daemon.log', 'daemon.log.1', 'daemon.log.2', 'daemon.log.3', 'daemon.log.4']);
  for (const file of files) {
    const text = readFileSync(join(dir, file), 'utf8');
    assert.ok(!text.includes(TOKEN) && !text.includes('unseen'), file);
    assert.equal(statSync(join(dir, file)).mode & 0o777, 0o600, file);
    assert.ok(text.length < 60_000, `${file} has ${text.length} bytes`);
  }
  const numbers = lastLines(dir, 150).map((line) => (JSON.parse(line) as { i: number }).i);
  assert.deepEqual(
    numbers,
    Array.from({ length: 150 }, (_, i) => 1850 + i),
  );
  assert.deepEqual(lastLines(dir, 0), []);
  // Who follows has the newest lines, each once.
  const followed = seen.map((line) => (JSON.parse(line) as { i: number }).i);
  assert.equal(followed.at(-1), 1999);
  assert.equal(new Set(followed).size, followed.length);
});

test('a folder that cannot be written costs the log, not the daemon', async () => {
  const dir = temporaryFolder();
  writeFileSync(join(dir, 'file'), '');
  assert.throws(() => openLog(join(dir, 'file'), { level: 'info', secrets: [] }), { code: 'EEXIST' });
  const log = openLog(dir, { level: 'silent', secrets: [] });
  log.logger.error('nobody hears this');
  await log.end();
  assert.equal(readFileSync(join(dir, 'daemon.log'), 'utf8'), '');
});
