import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../../test/temporary.ts';
import { runTests } from './runTests.ts';

const text = 'exports.add = (a, b) => a + b;\n';
const start = text.indexOf('a + b');
const suggestion = (given: string[]) => [
  { file: 'add.js', line: 1, kind: 'line' as const, start, end: start + 5, expected: 'a + b', given },
];

function project(): string {
  const dir = temporaryFolder();
  writeFileSync(join(dir, 'add.js'), text);
  return dir;
}
const command = `"${process.execPath}" -e "process.exit(require('./add.js').add(2, 3) === 5 ? 0 : 1)"`;

test('each suggestion is tried in a copy, and the folder itself stays as it is', async () => {
  const dir = project();
  const passed = await runTests(dir, suggestion(['b + a', 'a - b', 'a + b']), { command, timeoutMs: 20_000 });
  assert.deepEqual(passed, [[true], [false], [true]]);
  assert.equal(readFileSync(join(dir, 'add.js'), 'utf8'), text);
});

test(
  'a command that takes too long has failed, and what it started has ended',
  { skip: process.platform === 'win32' },
  async () => {
    const dir = project();
    const mark = join(dir, 'late');
    const slow = `grep -q "a + b" add.js || (sleep 3; touch "${mark}")`;
    assert.deepEqual(await runTests(dir, suggestion(['loop']), { command: slow, timeoutMs: 300 }), [[false]]);
    await new Promise((resolve) => setTimeout(resolve, 3200));
    assert.equal(existsSync(mark), false);
  },
);

test('a command that fails on the code as it is says nothing, and is an error', async () => {
  await assert.rejects(runTests(project(), suggestion(['a']), { command: 'exit 3', timeoutMs: 5000 }), {
    code: 'data',
    message: /fails on the code as it is.*exit 3/,
  });
});
