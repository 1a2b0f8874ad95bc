// Slow: starts real daemons with language servers.
/** Editors and the daemon: it is started for them, stays while they are connected, and no language server outlives it. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { connectLanguage } from '../../daemon/client/language.ts';
import type { LanguageConnection } from '../../daemon/client/language.ts';
import { lastLines } from '../../daemon/client/logs.ts';
import { stopDaemon } from '../../daemon/client/stop.ts';
import { logsFolder } from '../../daemon/home.ts';
import { readDiscovery } from '../../daemon/life/discovery.ts';
import { daemonHome, isAlive, until } from '../daemon.ts';
import { editorOn } from './client.ts';
import type { Editor } from './client.ts';

daemonHome();
const WRONG = '{"prompt": "And a seed?"}\n';
const URI = 'file:///nowhere/rows.jsonl';
const daemonArgs = ['--log-level', 'debug', '--idle-minutes', '0.02'];

const made: LanguageConnection[] = [];
after(() => made.forEach((one) => one.close()));
async function editor(): Promise<LanguageConnection & Editor> {
  const connection = await connectLanguage({ daemonArgs });
  made.push(connection);
  return { ...connection, ...(await editorOn(connection.reader, connection.writer)) };
}
/** The process id of the newest language server. */
const languagePid = (): number => {
  const begun = lastLines(logsFolder(), 200).flatMap((line) => {
    const { language, msg } = JSON.parse(line) as { language?: number; msg: string };
    return msg === 'a language server was started' && language !== undefined ? [language] : [];
  });
  return begun.at(-1)!;
};

test('an editor starts the daemon if none runs, and it stays as long as the editor is connected', async () => {
  const first = await editor();
  assert.equal((await first.open(URI, WRONG)).length, 1);
  const { pid } = readDiscovery()!;
  await setTimeout(4000); // its idle time is a second
  assert.ok(isAlive(pid));
  const language = languagePid();
  assert.ok(isAlive(language));
  first.close();
  await until('the daemon has ended for lack of clients', () => !isAlive(pid));
  assert.ok(!isAlive(language));
});

test('a daemon that is killed leaves no process behind, even a busy one; an editor finds the next daemon', async () => {
  const { connection, closed } = await editor();
  const { pid } = readDiscovery()!;
  const language = languagePid();
  const text = WRONG.repeat(200_000);
  const textDocument = { uri: URI, languageId: 'jsonl', version: 1, text };
  await connection.sendNotification('textDocument/didOpen', { textDocument });
  process.kill(pid, 'SIGKILL');
  const { ended } = await closed;
  assert.equal(ended, false);
  await until('the language server has left', () => !isAlive(language));
  const next = await editor();
  assert.equal((await next.open(URI, WRONG)).length, 1);
  assert.notEqual(readDiscovery()!.pid, pid);
});

test('a daemon that is stopped tells its editor, and its language server ends with it', async () => {
  const { closed } = await editor();
  const language = languagePid();
  await stopDaemon({});
  assert.deepEqual(await closed, { ended: true, why: 'the daemon ends' });
  await until('the language server has left', () => !isAlive(language));
  await assert.rejects(connectLanguage({ start: false }), { code: 'daemon' });
});
