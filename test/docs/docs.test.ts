import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { METHODS } from '../../daemon/protocol/registry.ts';
import { root } from '../sources.ts';
import { GENERATED } from './generated.ts';

test('what is generated of docs/ is up to date', () => {
  for (const [file, page] of Object.entries(GENERATED)) {
    assert.ok(readFileSync(join(root, file), 'utf8') === page(), `${file} is out of date: npm run docs`);
  }
});

test('docs/protocol.md has every method, and no type it cannot say', () => {
  const text = readFileSync(join(root, 'docs/protocol.md'), 'utf8');
  assert.ok(METHODS.size > 30);
  for (const name of METHODS.keys()) assert.ok(text.includes(`### ${name}\n`), name);
  assert.doesNotMatch(text, /anything|undefined|\[object/);
});
