/** The pages that people read: their links lead somewhere, and the map of the code names what is there. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { test } from 'node:test';
import { root, sources } from '../sources.ts';

const read = (file: string): string => readFileSync(join(root, file), 'utf8');
const isThere = (path: string): boolean => existsSync(join(root, path));
const none = (problems: string[]): void => assert.equal(problems.length, 0, `\n${problems.join('\n')}`);
const map = read('ARCHITECTURE.md');

/** Text without code blocks: what is inside them is no link. */
const prose = (text: string): string => text.replace(/^```[\s\S]*?^```/gm, '');

/** The anchors of a page's headings, as GitHub makes them. */
const anchors = (text: string): string[] =>
  [...prose(text).matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replace(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  );

/** Links of a page that lead nowhere. Links to other sites are not followed. */
function broken(file: string, text: string): string[] {
  return [...prose(text).matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, link]) => {
    if (/^[a-z]+:/.test(link!)) return [];
    const [path = '', anchor] = link!.split('#');
    const target = path === '' ? file : posix.join(posix.dirname(file), path);
    if (!isThere(target)) return [`${file}: ${link} leads to no file.`];
    if (anchor !== undefined && !anchors(read(target)).includes(anchor))
      return [`${file}: ${target} has no heading for #${anchor}.`];
    return [];
  });
}

test('every link of every page leads somewhere', () => {
  const pages = sources(['.md']);
  assert.ok(pages.length > 10, `only ${pages.length} pages were found: the reader is broken`);
  none(pages.flatMap((file) => broken(file, read(file))));
  assert.equal(broken('docs/a.md', '[a](figures.md) [b](../README.md#speed) [c](https://x.org) `[d](e.md)`').length, 1);
  assert.equal(broken('docs/a.md', '[a](../README.md#no-such-heading) [b](nowhere.md)').length, 2);
});

test('ARCHITECTURE.md begins with a picture', () => {
  assert.match(map.slice(0, 500), /^```mermaid\nflowchart /m);
});

test('ARCHITECTURE.md describes every folder, and no folder that is not there', () => {
  const described = [...map.matchAll(/^\*\*`([\w/]+\/)`\*\*/gm), ...map.matchAll(/[.] \*\*`([\w/]+\/)`\*\*/g)].map(([, folder]) => folder!); // prettier-ignore
  const folders = readdirSync(join(root, 'daemon'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => `daemon/${name}/`);
  none(
    [...folders, 'extension/', 'webview/', 'test/']
      .filter((folder) => !described.includes(folder))
      .map((folder) => `${folder}: give it a paragraph in ARCHITECTURE.md that begins with **\`${folder}\`**.`),
  );
  none(described.filter((folder) => !isThere(folder)).map((folder) => `${folder} is described and is not there.`));
});

test('every invariant names the tests that check it', () => {
  const invariants = map.split(/\n\n/).filter((paragraph) => paragraph.startsWith('**Invariant**'));
  assert.ok(invariants.length > 10, `only ${invariants.length} invariants were found`);
  for (const text of invariants) {
    const [, named = ''] = /^\*\*Invariant\*\* \(([^)]+)\): /.exec(text) ?? [];
    const tests = [...named.matchAll(/`([^`]+)`/g)].map(([, file]) => file!);
    assert.ok(
      tests.length > 0,
      `an invariant begins with **Invariant** (\`a.test.ts\`): and this one does not: ${text}`,
    );
    for (const file of tests) assert.ok(file.endsWith('.test.ts') && isThere(file), `${file} is no test: ${text}`);
  }
});

/** Files that a page names in code marks and that are not there: from the root, daemon/, or the folder it speaks of. */
function missing(file: string, text: string): string[] {
  let folder = '';
  return prose(text)
    .split('\n')
    .flatMap((line) => {
      folder = /^\*\*`([\w/]+\/)`\*\*/.exec(line)?.[1] ?? folder;
      return [...line.matchAll(/`([\w-][\w./-]*\.(?:ts|md|sh))`/g)]
        .map(([, path]) => path!)
        .filter((path) => !path.includes('NAME'))
        .filter((path) => ![path, `daemon/${path}`, `${folder}${path}`].some(isThere))
        .map((path) => `${file}: ${path} is not there.`);
    });
}

test('the files that the pages name are there', () => {
  const pages = ['ARCHITECTURE.md', 'CONTRIBUTING.md', 'SECURITY.md', 'docs/security.md', 'docs/figures.md', 'docs/releasing.md']; // prettier-ignore
  none(pages.flatMap((file) => missing(file, read(file))));
  assert.deepEqual(missing('a.md', '**`daemon/graph/`** has `graph.ts`,\n`ops/add.ts`, `cli/main.ts` and `no.ts`.'), [
    'a.md: no.ts is not there.',
  ]);
});
