import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { METHODS as METHODS_OF_TRAINING } from '../../daemon/methods/registry.ts';
import { METHODS } from '../../daemon/protocol/registry.ts';
import { settingsOfRun } from '../../daemon/train/settings.ts';
import { root } from '../sources.ts';
import { GENERATED } from './generated.ts';

test('what is generated of docs/ is up to date', () => {
  for (const [file, page] of Object.entries(GENERATED)) {
    assert.ok(readFileSync(join(root, file), 'utf8') === page(), `${file} is out of date: npm run docs`);
  }
});

test('docs/settings.md has every setting of every method', () => {
  const text = readFileSync(join(root, 'docs/settings.md'), 'utf8');
  for (const { name: method } of METHODS_OF_TRAINING)
    for (const { name } of settingsOfRun(method)) assert.ok(text.includes(`| \`${name}\` |`), name);
});

test('docs/protocol.md has every method, and no type it cannot say', () => {
  const text = readFileSync(join(root, 'docs/protocol.md'), 'utf8');
  assert.ok(METHODS.size > 30);
  for (const name of METHODS.keys()) assert.ok(text.includes(`### ${name}\n`), name);
  assert.doesNotMatch(text, /anything|undefined|\[object/);
});
