import assert from 'node:assert/strict';
import { chmodSync, existsSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../../test/temporary.ts';
import { isWritten, lookAtDiscovery, readDiscovery, removeDiscovery, writeDiscovery } from './discovery.ts';

const dir = temporaryFolder();
const file = join(dir, 'daemon.json');
const content = { pid: 7, port: 4000, token: 'a'.repeat(43), version: '1.2.3', protocol: 1, startedAt: 5 };

test('what is written is read, by the user alone, and leaves nothing beside it', () => {
  writeFileSync(file, 'old', { mode: 0o644 });
  writeDiscovery(content, file);
  assert.deepEqual(readDiscovery(file), content);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.deepEqual(readdirSync(dir), ['daemon.json']);
  assert.equal(isWritten(content, file), true);
  chmodSync(file, 0o644);
  assert.equal(isWritten(content, file), false);
});

test('cut at any byte it is damaged or gone, never another file', () => {
  const whole = JSON.stringify(content);
  for (let length = 0; length < whole.length; length++) {
    writeFileSync(file, whole.slice(0, length));
    assert.equal(lookAtDiscovery(file).state, 'damaged', `${length} bytes`);
  }
});

test('wrong fields and other files are named', () => {
  const reason = (bytes: string): string => {
    writeFileSync(file, bytes);
    const found = lookAtDiscovery(file);
    return found.state === 'damaged' ? found.reason : found.state;
  };
  assert.match(reason(JSON.stringify({ ...content, port: 70_000 })), /port/);
  assert.match(reason(JSON.stringify({ ...content, pid: -1 })), /pid/);
  assert.match(reason(JSON.stringify({ ...content, token: 'short' })), /token/);
  assert.match(reason('x'.repeat(5000)), /5000 bytes/);
  assert.match(reason('null'), /wrong/);
  assert.equal(lookAtDiscovery(join(dir, 'none')).state, 'none');
  assert.equal(lookAtDiscovery(dir).state, 'damaged');
});

test('a daemon removes its own file alone', () => {
  writeDiscovery(content, file);
  removeDiscovery('b'.repeat(43), file);
  assert.ok(existsSync(file));
  removeDiscovery(content.token, file);
  assert.ok(!existsSync(file));
});
