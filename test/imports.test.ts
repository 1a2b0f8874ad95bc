/**
 * Checks the rules of imports: arrows between folders point one way, `graph/` is pure, `protocol/` knows only zod, and
 * only `runtime/` loads onnxruntime. Reads the imports of every TypeScript file; type imports count as imports.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join, posix } from 'node:path';
import { test } from 'node:test';
import ts from 'typescript';
import { root, sources } from './sources.ts';

const BELOW_WORK = [
  'layout',
  'protocol',
  'settings',
  'formats',
  'process',
  'graph',
  'weights',
  'jinja',
  'data',
  'models',
  'methods',
  'runtime',
  'objectives',
];
const WORK = ['train', 'serve', 'evaluation', 'export', 'jobs', 'catalog'];
const ALL_BELOW = [...BELOW_WORK, ...WORK, 'home'];

/** What each folder of daemon/ may import, besides itself. Add a folder here together with its first file. */
const MAY_IMPORT: Record<string, string[]> = {
  protocol: [],
  settings: ['protocol'],
  formats: ['protocol', 'layout'],
  graph: ['protocol'],
  weights: ['protocol', 'settings', 'formats', 'graph'],
  // Supervised processes, and the lock that one process holds.
  process: ['protocol', 'formats'],
  // The engine of chat templates: values in, text out.
  jinja: [],
  data: ['protocol', 'settings', 'formats', 'jinja'],
  models: ['protocol', 'settings', 'formats', 'graph', 'weights', 'layout'],
  bases: ['protocol', 'formats', 'models', 'weights'],
  methods: ['protocol', 'settings', 'formats', 'graph', 'layout'],
  runtime: ['protocol', 'process', 'settings', 'formats', 'graph'],
  objectives: ['protocol', 'settings', 'graph', 'weights', 'data', 'models', 'runtime'],
  train: ALL_BELOW,
  serve: ALL_BELOW,
  evaluation: [...ALL_BELOW, 'inline'],
  export: ALL_BELOW,
  jobs: ALL_BELOW,
  catalog: ['protocol', 'formats', 'layout', 'home'],
  server: [...ALL_BELOW, 'inline', 'bases'],
  // Inline completion, in the extension and in the language server: it knows no editor, and no daemon.
  inline: ['protocol'],
  lsp: ['protocol', 'formats', 'process', 'data', 'models', 'home', 'inline', 'client'],
  // What a running daemon needs besides its work: discovery file, log, its end.
  life: ['protocol', 'formats', 'process', 'home'],
  client: ['protocol', 'process', 'life', 'home', 'inline'],
  demo: ALL_BELOW,
  cli: [...ALL_BELOW, 'client', 'life', 'server', 'demo', 'lsp'],
  // Files that stand in daemon/ itself.
  layout: [],
  home: ['protocol', 'formats'],
  main: [...ALL_BELOW, 'life', 'server'],
};

/**
 * What a folder may import of another beyond that: a method is written against the interface that models ask for a
 * layer, never against a model.
 */
const MAY_IMPORT_FILE: Record<string, string[]> = {
  methods: ['daemon/models/adaptation.ts'],
};

/** Packages a folder may import where it may not import all of them. */
const PACKAGES: Record<string, string[]> = {
  protocol: ['zod'],
  settings: [],
  graph: ['@bufbuild/protobuf'],
};
const PURE = ['graph', 'protocol', 'settings'];

interface Import {
  file: string;
  line: number;
  /** as written */
  specifier: string;
  /** `import type`, which nothing is left of when the file runs */
  types: boolean;
  /** folder of the importing file: 'graph', 'extension', 'test'... */
  from: string;
  /** the file a relative import names */
  target?: string;
  /** the package another import names */
  package?: string;
}

/** 'daemon/graph/ops/add.ts' -> 'graph'; 'extension/main.ts' -> 'extension'; 'daemon/home.ts' -> 'home'. */
function folderOf(file: string): string {
  const parts = file.split('/');
  if (parts[0] === 'daemon') return parts[1]!.replace(/\.tsx?$/, '');
  return parts.length > 1 ? parts[0]! : 'root';
}

function importsOf(file: string, text: string): Import[] {
  return ts.preProcessFile(text, true, true).importedFiles.map(({ fileName: specifier, pos }) => ({
    file,
    line: text.slice(0, pos).split('\n').length,
    specifier,
    types: /\bimport type [^;]*$/.test(text.slice(0, pos)),
    from: folderOf(file),
    ...(specifier.startsWith('.')
      ? { target: posix.normalize(posix.join(posix.dirname(file), specifier)) }
      : { package: packageOf(specifier) }),
  }));
}

function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

const isTest = (file: string): boolean => file.endsWith('.test.ts') || file.startsWith('test/');

/** Every broken rule, as a sentence. Tests may import across folders, but never load onnxruntime themselves. */
function broken(imports: Import[]): string[] {
  const problems: string[] = [];
  const arrows = new Map<string, Map<string, Import>>();
  for (const one of imports) {
    const say = (rule: string): number => problems.push(`${one.file}:${one.line} imports '${one.specifier}': ${rule}`);
    if (one.package === 'onnxruntime-node' && one.from !== 'runtime') {
      say('only daemon/runtime/ imports onnxruntime-node; call its functions.');
    }
    if (isTest(one.file) || one.from === 'root') continue;
    if (one.package !== undefined) {
      const builtin = isBuiltin(one.specifier);
      if (PURE.includes(one.from) && builtin) say(`daemon/${one.from}/ is pure and imports nothing of Node.`);
      const allowed = PACKAGES[one.from];
      if (!builtin && allowed !== undefined && !allowed.includes(one.package)) {
        say(`daemon/${one.from}/ may import only these packages: ${allowed.join(', ')}.`);
      }
      continue;
    }
    const target = one.target!;
    const to = folderOf(target);
    if (isTest(target)) say('what ships does not import tests.');
    const generates = (file: string): boolean => file.startsWith('extension/manifest/');
    if (generates(target) && !generates(one.file)) say('extension/manifest/ writes package.json and is not bundled.');
    // The manifest's version is data, not code.
    if (to === one.from || target === 'package.json') continue;
    // The extension makes the page of the panel, with its content security policy and its script.
    if (one.from === 'extension' && target === 'webview/html.ts') continue;
    // The specs of jobs are part of the protocol, and each kind of job owns its own.
    if (one.types && target.startsWith('daemon/jobs/kinds/')) continue;
    // The manifest is written in Node, and lists what the daemon's registries and tables of settings list.
    if (generates(one.file) && /^daemon\/.*\/(registry|settings)\.ts$/.test(target)) continue;
    if (one.from === 'extension' || one.from === 'webview') {
      const clients = one.from === 'extension' && ['client', 'settings', 'inline'].includes(to);
      if (to !== 'protocol' && !clients)
        say(
          `${one.from}/ imports nothing of the daemon but daemon/protocol/${one.from === 'extension' ? ', daemon/settings/, daemon/inline/ and daemon/client/' : ''}.`,
        );
      continue;
    }
    const may = MAY_IMPORT[one.from];
    if (may === undefined) {
      if (one.file.startsWith('daemon/')) say(`daemon/${one.from} is not in MAY_IMPORT of test/imports.test.ts.`);
      continue;
    }
    const allowedFile = MAY_IMPORT_FILE[one.from]?.includes(target) ?? false;
    if (!may.includes(to) && !allowedFile)
      say(`${one.from}/ may import ${may.length > 0 ? may.join(', ') : 'no other folder'}.`);
    arrows.set(one.from, (arrows.get(one.from) ?? new Map<string, Import>()).set(to, one));
  }
  return [...problems, ...cycles(arrows)];
}

/** Folders that import each other, directly or round a loop, each loop once with a file for every arrow. */
function cycles(arrows: Map<string, Map<string, Import>>): string[] {
  const found = new Map<string, string>();
  const visit = (path: string[]): void => {
    for (const to of arrows.get(path.at(-1)!)?.keys() ?? []) {
      const start = path.indexOf(to);
      if (start < 0) visit([...path, to]);
      else {
        const loop = path.slice(start);
        const steps = loop.map((from, i) => arrows.get(from)!.get(loop[(i + 1) % loop.length]!)!);
        const key = [...loop].sort().join(' ');
        found.set(
          key,
          `Folders import each other in a circle: ${[...loop, to].join(' -> ')} (${steps.map((s) => `${s.file}:${s.line}`).join(', ')}).`,
        );
      }
    }
  };
  for (const from of arrows.keys()) visit([from]);
  return [...found.values()];
}

/**
 * Files that import each other, directly or round a loop: each group once, with one arrow of it per file. Such files cannot be
 * read or changed one at a time. (The strongly connected parts of the graph of imports, by Tarjan's algorithm.)
 */
function circles(imports: Import[]): string[] {
  const targets = new Map<string, Set<string>>();
  for (const { file } of imports) targets.set(file, new Set());
  for (const { file, target } of imports)
    if (target !== undefined && targets.has(target)) targets.get(file)!.add(target);
  const order = new Map<string, number>();
  const path: string[] = [];
  const found: string[] = [];
  /** Returns the earliest file still on the path that this one leads back to. */
  const visit = (file: string): number => {
    const at = order.size;
    order.set(file, at);
    path.push(file);
    let least = at;
    for (const target of targets.get(file)!) {
      if (!order.has(target)) least = Math.min(least, visit(target));
      else if (path.includes(target)) least = Math.min(least, order.get(target)!);
    }
    if (least < at) return least;
    const group = path.splice(path.indexOf(file)).sort();
    if (group.length > 1 || targets.get(file)!.has(file)) {
      const steps = group.map(
        (one) => `${one} -> ${[...targets.get(one)!].filter((to) => group.includes(to)).join(', ')}`,
      );
      found.push(`${group.length} files import each other in a circle:\n  ${steps.join('\n  ')}`);
    }
    return least;
  };
  for (const file of targets.keys()) if (!order.has(file)) visit(file);
  return found;
}

const check = (file: string, text: string): string[] => broken(importsOf(file, text));

test('every import in the repository keeps the rules', () => {
  const files = sources(['.ts', '.tsx']);
  const imports = files.flatMap((file) => importsOf(file, readFileSync(join(root, file), 'utf8')));
  assert.ok(imports.length > 20, `only ${imports.length} imports were found: the reader is broken`);
  const problems = broken(imports);
  assert.equal(problems.length, 0, `\n${problems.join('\n')}`);
});

test('no files import each other in a circle; type imports count', () => {
  const imports = sources(['.ts', '.tsx']).flatMap((file) => importsOf(file, readFileSync(join(root, file), 'utf8')));
  const found = circles(imports);
  assert.equal(found.length, 0, `\n${found.join('\n')}`);
});

test('a circle of files is found, whole and once; files that share an import are none', () => {
  const one = (name: string, ...to: string[]): Import[] =>
    importsOf(`daemon/train/${name}.ts`, to.map((target) => `import type { x } from './${target}.ts';`).join('\n'));
  const leaf = one('leaf', 'zod');
  assert.deepEqual(circles([...one('a', 'b', 'leaf'), ...one('b', 'leaf'), ...leaf]), []);
  const [circle, ...rest] = circles([
    ...one('a', 'b'),
    ...one('b', 'c', 'leaf'),
    ...one('c', 'a'),
    ...one('d', 'a'),
    ...leaf,
  ]);
  assert.match(circle!, /^3 files import each other in a circle:\n {2}daemon\/train\/a\.ts -> daemon\/train\/b\.ts\n/);
  assert.equal(rest.length, 0);
  assert.equal(circles(one('self', 'self')).length, 1);
});

test('each rule is noticed when it is broken', () => {
  const bad: [file: string, text: string, says: RegExp][] = [
    ['daemon/graph/a.ts', "import fs from 'node:fs';", /graph\/ is pure/],
    ['daemon/graph/a.ts', "import { x } from '../formats/float.ts';", /graph\/ may import protocol/],
    ['daemon/graph/a.ts', "import x from 'better-sqlite3';", /only these packages: @bufbuild/],
    ['daemon/protocol/a.ts', "import x from 'yaml';", /only these packages: zod/],
    ['daemon/protocol/a.ts', "export { x } from '../graph/ir.ts';", /no other folder/],
    ['daemon/train/a.ts', "const x = await import('onnxruntime-node');", /only daemon\/runtime/],
    ['daemon/train/a.test.ts', "import x from 'onnxruntime-node';", /only daemon\/runtime/],
    ['daemon/models/a.ts', "import type { X } from '../methods/vera.ts';", /models\/ may import/],
    ['daemon/methods/a.ts', "import { x } from '../models/llama.ts';", /methods\/ may import/],
    ['daemon/models/a.ts', "import { x } from '../home.ts';", /models\/ may import/],
    ['daemon/formats/a.ts', "import { x } from '../cli/main.ts';", /formats\/ may import/],
    ['daemon/train/a.ts', "import { x } from '../cli/main.ts';", /train\/ may import/],
    ['daemon/train/a.ts', "import { x } from '../../test/sources.ts';", /does not import tests/],
    ['extension/main.ts', "import { x } from '../webview/main.ts';", /but daemon\/protocol\//],
    ['extension/main.ts', "import { x } from './manifest/datasets.ts';", /is not bundled/],
    ['extension/manifest/a.ts', "import { x } from '../../daemon/data/readers/csv.ts';", /but daemon\/protocol\//],
    ['extension/main.ts', "import { x } from '../daemon/jobs/kinds/train.ts';", /but daemon\/protocol\//],
    ['extension/main.ts', "import type { X } from '../daemon/jobs/queue.ts';", /but daemon\/protocol\//],
    [
      'extension/main.ts',
      "import { x } from '../daemon/train/loop.ts';",
      /but daemon\/protocol\/, daemon\/settings\/, daemon\/inline\/ and daemon\/client/,
    ],
    ['webview/main.ts', "import { x } from '../daemon/client/connect.ts';", /but daemon\/protocol/],
    [
      'daemon/client/a.ts',
      "import { x } from '../server/server.ts';",
      /client\/ may import protocol, process, life, home, inline/,
    ],
    ['daemon/novel/a.ts', "import { x } from '../train/loop.ts';", /not in MAY_IMPORT/],
  ];
  for (const [file, text, says] of bad) assert.match(check(file, text).join('\n'), says, `${file}: ${text}`);
  const circle = [
    ...importsOf('daemon/train/a.ts', "import { x } from '../serve/b.ts';"),
    ...importsOf('daemon/serve/b.ts', "import { x } from '../export/c.ts';"),
    ...importsOf('daemon/export/c.ts', "import { x } from '../train/a.ts';"),
  ];
  assert.match(broken(circle).join('\n'), /circle: export -> train -> serve -> export \(daemon\/export\/c\.ts:1/);
  assert.deepEqual(check('daemon/train/a.ts', "import { x } from '../serve/b.ts';\nimport fs from 'node:fs';"), []);
  assert.deepEqual(check('extension/main.ts', "import type { X } from '../daemon/jobs/kinds/train.ts';"), []);
  assert.deepEqual(check('daemon/methods/a.ts', "import type { LinearSite } from '../models/adaptation.ts';"), []);
  assert.deepEqual(check('daemon/runtime/a.ts', "import * as ort from 'onnxruntime-node';"), []);
});
