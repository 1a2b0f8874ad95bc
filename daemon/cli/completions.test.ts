// Slow: starts a real daemon.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { add } from '../../test/catalog.ts';
import { daemonHome } from '../../test/daemon.ts';
import { recordCompletions } from '../catalog/completions.ts';
import { openCatalog } from '../catalog/open.ts';

const home = daemonHome();
const MAIN = join(import.meta.dirname, 'main.ts');

function vera(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [MAIN, 'completions', ...args], { encoding: 'utf8', cwd: home });
}
const said = (...args: string[]): string => {
  const { status, stdout, stderr } = vera(...args);
  assert.equal(status, 0, stderr);
  return stdout;
};

before(async () => {
  const catalog = await openCatalog(join(home, 'catalog', 'catalog.db'));
  const { id, hash } = await add(catalog, 'notes');
  const about = { shownAt: Date.now(), base: '/models/small', latencyMs: 150 };
  const completion = { ...about, adapter: { id, hash }, language: 'python', characters: 40 };
  const kept = [40, 40, 30];
  const accepted = { characters: 40, lines: 2 };
  const text = { shown: 'return 1\n', file: '/code/a.py' };
  await catalog.change((change) =>
    recordCompletions(change, [
      { ...completion, key: 'one-of-them', outcome: 'accepted', accepted, kept, text },
      { ...completion, key: 'another-one', outcome: 'rejected', accepted: { characters: 0, lines: 0 }, kept: [null, null, null] }, // prettier-ignore
    ]),
  );
  await catalog.close();
});

test('counts as a table, split, and as JSON', () => {
  const [head, row, last] = said().trimEnd().split('\n');
  assert.match(head!, /adapter +base +shown +accepted/);
  assert.match(row!, /^1 notes +small +2 +1 +0 +50% +40 +75% after 10 min +\d+ ms$/);
  assert.equal(last, '1 text is stored');
  assert.match(said('summary', '--by', 'language', '--adapter', 'notes'), /python/);
  assert.equal((JSON.parse(said('--json')) as { total: { shown: number } }).total.shown, 2);
  assert.match(said('texts'), /notes +accepted +40 +\/code\/a\.py +"return 1\\n"/);
  assert.match(vera('summary', '--by', 'hour').stderr, /by language or by day/);
});

test('pausing, and deleting', () => {
  assert.equal(said('pause'), 'Counting of completions is paused\n');
  assert.match(said(), /Counting is paused\. 1 text is stored/);
  assert.equal(said('resume'), 'Completions are counted\n');
  const refused = vera('forget');
  assert.equal(refused.status, 2);
  assert.match(refused.stderr, /add --yes/);
  assert.equal(said('forget', '--texts', '--yes'), 'Deleted 1 text\n');
  assert.equal(said('forget', '--adapter', 'notes', '--yes'), 'Deleted the counts of 2 completions and 0 texts\n');
  assert.equal(said(), 'No completions have been counted\nNo texts are stored\n');
});
