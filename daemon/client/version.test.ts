import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareVersions } from './version.ts';

test('versions are ordered, and each pair one way round alone', () => {
  const ordered = [
    '',
    'dev',
    '0.1.0-beta.1',
    '0.1.0-beta.2',
    '0.1.0',
    '0.1.1',
    '0.2',
    '0.10.0',
    '1.0.0-rc',
    '1.0.0',
    '10.0.0',
  ];
  for (const [i, a] of ordered.entries()) {
    for (const [j, b] of ordered.entries()) {
      if (a === '' || b === '' || a === 'dev' || b === 'dev') continue;
      assert.equal(Math.sign(compareVersions(a, b)), Math.sign(i - j), `${a} and ${b}`);
    }
  }
  for (const a of ordered) {
    for (const b of ordered) assert.equal(compareVersions(a, b) + compareVersions(b, a), 0, `'${a}' and '${b}'`);
  }
  assert.equal(compareVersions('0.1', '0.1.0'), 0);
  assert.equal(compareVersions('v1.2.3', '1.2.3'), 0);
});
