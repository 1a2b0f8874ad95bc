import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { root } from '../sources.ts';

const text = readFileSync(join(root, 'docs/autodiff.md'), 'utf8');
const block = (language: string): string => {
  const found = new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'ms').exec(text)?.[1];
  assert.ok(found, `docs/autodiff.md has no block of ${language}`);
  return found;
};

test('the example of docs/autodiff.md prints what the page says', () => {
  const args = ['--disable-warning=ExperimentalWarning', '--input-type=module-typescript', '--eval', block('ts')];
  const printed = execFileSync(process.execPath, args, { cwd: root, encoding: 'utf8' });
  assert.equal(printed, block('text'));
});

test('the files that docs/autodiff.md names exist', () => {
  const links = [...text.matchAll(/\]\(\.\.\/([^)]+)\)/g)].map((match) => match[1] as string);
  const named = [...text.matchAll(/`((?:daemon|test)\/[\w/.]+\.ts)`/g)].map((match) => match[1] as string);
  assert.ok(links.length > 2 && named.length > 2);
  for (const file of [...links, ...named]) assert.ok(existsSync(join(root, file)), file);
});
