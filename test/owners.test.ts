/**
 * Each kind of thing owns its facts: no file outside the folder of a list decides anything by the name of one of its members. So a
 * new method, model family, weight format or objective needs no change elsewhere.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { METHODS } from '../daemon/methods/registry.ts';
import { ARCHITECTURES } from '../daemon/models/registry.ts';
import { OBJECTIVES } from '../daemon/objectives/registry.ts';
import { WEIGHT_FORMATS } from '../daemon/weights/registry.ts';
import { root, sources } from './sources.ts';

const oneOf = (names: readonly string[]): string => `(?:${names.join('|')})`;
/** A comparison with one of the names, such as `method === 'vera'`; `what`: which variables hold such a name. */
const decides = (what: string, names: readonly string[]): RegExp =>
  new RegExp(`\\b${what}\\w*\\b[\\w.\\[\\]'?()]* (?:===|!==) '${oneOf(names)}'`, 'i');

const RULES: readonly { owner: string; pattern: RegExp; bad: string }[] = [
  {
    owner: 'daemon/methods/',
    pattern: decides(
      'method',
      METHODS.map(({ name }) => name),
    ),
    bad: "if (run.method === 'vera') show();",
  },
  {
    owner: 'daemon/weights/',
    pattern: decides(
      '(?:precision|format)',
      WEIGHT_FORMATS.map(({ name }) => name),
    ),
    bad: "const lanes = settings.precision === 'int8' ? 2 : 1;",
  },
  { owner: 'daemon/models/', pattern: new RegExp(oneOf(ARCHITECTURES)), bad: "if (architecture === 'LlamaForCausalLM') load();" }, // prettier-ignore
  {
    owner: 'daemon/objectives/',
    pattern: decides(
      'objective',
      OBJECTIVES.map(({ name }) => name),
    ),
    bad: `if (objective === '${OBJECTIVES[0].name}') loss();`,
  },
];

test('nothing outside its folder decides by the name of a method, model, weight format or objective', () => {
  const files = sources(['.ts']).filter(
    (file) =>
      /^(daemon|extension|webview)\//.test(file) && !file.endsWith('.test.ts') && !file.startsWith('daemon/demo/'),
  );
  assert.ok(files.length > 300, `only ${files.length} files were found: the reader is broken`);
  const problems = files.flatMap((file) =>
    RULES.filter(({ owner }) => !file.startsWith(owner)).flatMap(({ owner, pattern }) =>
      readFileSync(join(root, file), 'utf8')
        .split('\n')
        .flatMap((line, i) =>
          pattern.test(line) ? [`${file}:${i + 1}: ask ${owner} instead of a name: ${line.trim()}`] : [],
        ),
    ),
  );
  assert.equal(problems.length, 0, `\n${problems.join('\n')}`);
});

test('a line that decides by a name is found', () => {
  for (const { owner, pattern, bad } of RULES) assert.match(bad, pattern, owner);
});
