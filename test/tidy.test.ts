/** Rules of this repository that a reviewer should not have to check. Every failure names the file and the remedy. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { test } from 'node:test';
import { root, sources } from './sources.ts';

const MAX_LINES = 400;
const CODE = ['.ts', '.tsx', '.js', '.mjs', '.py', '.sh', '.wgsl'];
const read = (file: string): string => readFileSync(join(root, file), 'utf8');
const none = (problems: string[]): void => assert.equal(problems.length, 0, `\n${problems.join('\n')}`);

/** The comment at the top of a file; '' if it begins with code. */
function firstComment(text: string): string {
  const match = /^(?:#![^\n]*\n)?\s*(\/\*[\s\S]*?\*\/|(?:\/\/[^\n]*\n?)+|(?:#[^\n]*\n?)+|"""[\s\S]*?""")/.exec(text);
  return match?.[1] ?? '';
}

/** A file beyond MAX_LINES says why it is long: its first comment has the word "long" or "lines" or is generated code. */
function tooLong(text: string): boolean {
  if (text.split('\n').length <= MAX_LINES) return false;
  return !/\b(long|lines|generated)\b/i.test(firstComment(text));
}

/** Lines with `.only`, or with `.skip`/`todo` that carry no reason: a string in the options, or a comment on the line. */
function silenced(text: string): number[] {
  return text.split('\n').flatMap((line, i) => {
    const only = /\b(?:test|it|describe|suite)\.only\b|\bonly:\s*true\b/.test(line);
    const skip =
      /\b(?:test|it|describe|suite)\.(?:skip|todo)\b|\b(?:skip|todo):\s*true\b|\bt\.(?:skip|todo)\(\s*\)/.test(line);
    return only || (skip && !/\/\/\s*\S+/.test(line)) ? [i + 1] : [];
  });
}

/** Lines that name a place on one machine: somebody's home, a working folder, the shared temporary folder. */
function machinePaths(text: string): number[] {
  const path = /(?:^|[\s"'`(=:])\/(?:root|home\/[a-z]\w*|Users\/[A-Za-z]\w*|work|workspace|tmp\/\w+)\//;
  return text.split('\n').flatMap((line, i) => (path.test(line) ? [i + 1] : []));
}

test('a file of more than 400 lines gives its reason in its first comment', () => {
  none(
    sources(CODE)
      .filter((file) => tooLong(read(file)))
      .map((file) => `${file}: split it, or say in its first comment why it is long.`),
  );
  assert.equal(tooLong('x\n'.repeat(401)), true);
  assert.equal(tooLong(`/* Long because tables are. */\n${'x\n'.repeat(401)}`), false);
  assert.equal(tooLong('x\n'.repeat(300)), false);
});

test('no test is silenced without a reason', () => {
  none(
    sources(['.test.ts'])
      .filter((file) => file !== 'test/tidy.test.ts')
      .flatMap((file) => silenced(read(file)).map((line) => `${file}:${line}: .only, or a skip without its reason.`)),
  );
  assert.deepEqual(
    silenced("test.only('a', f);\ntest.skip('b', f);\ntest.skip('c', f); // needs a GPU\nt.skip('no model');"),
    [1, 2],
  );
  assert.deepEqual(silenced("test('a', { skip: true }, f);\ntest('a', { skip: 'no model here' }, f);"), [1]);
});

test('a test that needs a browser or VS Code is marked as slow, so that test:quick leaves it out', () => {
  const needing = sources(['.test.ts']).filter(
    (file) => /^test\/(panel|workbench)\//.test(file) || /^import .*'playwright-core'/m.test(read(file)),
  );
  assert.ok(needing.length >= 5, `only ${needing.length} such tests were found: the reader is broken`);
  none(
    needing
      .filter((file) => !read(file).startsWith('// Slow: '))
      .map((file) => `${file}: give it the first line "// Slow: needs a browser."`),
  );
});

test('nothing names a place on one machine', () => {
  none(
    sources([...CODE, '.json', '.md', '.yml', '.yaml', '.proto', 'run'])
      .filter((file) => file !== 'test/tidy.test.ts' && file !== 'package-lock.json')
      .flatMap((file) =>
        machinePaths(read(file)).map((line) => `${file}:${line}: use os.tmpdir() or a path inside the repository.`),
      ),
  );
  assert.deepEqual(machinePaths("a\nconst x = '/home/someone/x';\n'./home/x/y'\nhttps://x.org/work/home/"), [2]);
});
test('every file that the build makes a bundle of for a worker is there', () => {
  const url = /new URL\(\s*'(\.{1,2}\/[^']+\.ts)',\s*import\.meta\.url,?\s*\)/g; // as build.ts finds them, also in comments
  const named = sources(['.ts'])
    .filter((file) => file.startsWith('daemon/') && !file.endsWith('.test.ts'))
    .flatMap((file) =>
      [...read(file).matchAll(url)].map(([, path]) => ({ file, target: posix.join(posix.dirname(file), path!) })),
    );
  assert.ok(named.length > 4, `only ${named.length} workers were found: the reader is broken`);
  none(
    named
      .filter(({ target }) => !existsSync(join(root, target)))
      .map(({ file, target }) => `${file}: ${target} is not there, so npm run build fails.`),
  );
});
