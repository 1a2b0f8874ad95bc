/** Phrases that are hard to read, and what to write instead. CONTRIBUTING.md says what plain English means here. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { root, sources } from './sources.ts';

/** What is banned -> what to write. Add a phrase when you mend one that others may write again. */
const PHRASES: readonly (readonly [RegExp, string])[] = [
  [/\bgone on with\b/i, 'resumed, continued'],
  [/\bgo(es)? on\b/i, 'continues, resumes'],
  [/\blearned tokens\b|\btokens learned\b/i, 'tokens counted in the loss'],
  [/\bwhat there is of\b/i, 'what is available'],
  [/\bhea(rs?|rd) of\b/i, 'receives, learns of'],
  [/\bone a (user|window|file|line|kind|run|machine|session|day|row|job)\b/i, 'one per user, per window...'],
  [/\b(preflight|forecast|foreseen|foretold)/i, 'plan (before a run), estimate (one figure of it), measured (after)'],
  [/\btellings?\b/i, 'event'],
  [/\bin the box\b/i, 'the bundled model'],
  [/\breckons? with\b/i, 'uses, expects'],
  [/\bwho has the\b/i, 'clients that have the'],
  [/\b(that|which) (is|are) none\b/i, 'invalid, not a...'],
  [/\bmakes? sure of\b/i, 'provides, checks that'],
  [/\bwhat came of\b/i, 'the result of'],
  [/\bis held (to be|against)\b/i, 'a test checks that'],
];

/** Lines of a text with a banned phrase, each with what to write. */
const banned = (text: string): { line: number; found: string; write: string }[] =>
  text.split('\n').flatMap((line, i) =>
    PHRASES.flatMap(([phrase, write]) => {
      const found = phrase.exec(line)?.[0];
      return found === undefined ? [] : [{ line: i + 1, found, write }];
    }),
  );

test('texts, comments and messages avoid phrases that are hard to read', () => {
  const files = sources(['.md', '.ts', '.css', '.sh', '.py', '.yml', 'package.nls.json']).filter(
    (file) => file !== 'test/plain.test.ts' && file !== 'CONTRIBUTING.md' && !file.startsWith('test/fixtures/'),
  );
  assert.ok(files.length > 500, `only ${files.length} files were found: the reader is broken`);
  const problems = files.flatMap((file) =>
    banned(readFileSync(join(root, file), 'utf8')).map(
      ({ line, found, write }) => `${file}:${line}: "${found}" is hard to read. Write for example: ${write}.`,
    ),
  );
  assert.equal(problems.length, 0, `\n${problems.join('\n')}`);
});

test('a banned phrase is found, whatever its case', () => {
  assert.deepEqual(banned('a\nA run that is gone on with.\n'), [
    { line: 2, found: 'gone on with', write: 'resumed, continued' },
  ]);
  assert.deepEqual(banned('The run continues. It says what it has learned.'), []);
});
