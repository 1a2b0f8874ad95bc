// Slow: it copies the tree, adds one of everything to it, checks its types and trains with it.
/**
 * A new method, model family, objective, export format, job kind, row format, training setting and operator are each one new
 * file and one entry of a registry. Here a dummy of each is added to a copy of the tree so, and has to reach every place where
 * a person would look for it. The recipes of CONTRIBUTING.md are those that this test follows.
 */
import assert from 'node:assert/strict';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { type Addition, add, copyTree, evaluate, node } from './extending/tree.ts';
import { root } from './sources.ts';
import { temporaryFolder } from './temporary.ts';

const ADDITIONS: readonly Addition[] = [
  {
    recipe: 'A method',
    files: { 'daemon/methods/dummy.ts': 'method.ts.txt' },
    registry: 'daemon/methods/registry.ts',
    ...{ name: 'dummy', list: 'METHODS' },
  },
  {
    recipe: 'A model family',
    files: { 'daemon/models/families/dummy.ts': 'family.ts.txt' },
    registry: 'daemon/models/registry.ts',
    ...{ name: 'dummy', list: 'FAMILIES' },
  },
  {
    recipe: 'An objective',
    files: { 'daemon/objectives/dummy.ts': 'objective.ts.txt' },
    registry: 'daemon/objectives/registry.ts',
    ...{ name: 'dummy', list: 'OBJECTIVES' },
  },
  {
    recipe: 'An operator',
    files: {
      'daemon/graph/ops/dummy.ts': 'operator.ts.txt',
      'daemon/graph/ops/dummy.test.ts': 'operator.test.ts.txt',
    },
    registry: 'daemon/graph/ops/registry.ts',
    ...{ name: 'dummy', list: 'OPERATORS' },
  },
  {
    recipe: 'A row format',
    files: { 'daemon/data/formats/dummy.ts': 'rowFormat.ts.txt' },
    registry: 'daemon/data/formats/registry.ts',
    ...{ name: 'dummy', list: 'rowFormats', first: true },
  },
  {
    recipe: 'An export format',
    files: { 'daemon/export/formats/dummy.ts': 'exportFormat.ts.txt' },
    registry: 'daemon/export/formats/registry.ts',
    ...{ name: 'dummy', list: 'EXPORT_FORMATS' },
  },
  {
    recipe: 'A job kind',
    files: { 'daemon/jobs/kinds/dummy.ts': 'jobKind.ts.txt' },
    registry: 'daemon/jobs/kinds/registry.ts',
    ...{ name: 'dummy', list: 'KINDS' },
  },
  {
    recipe: 'A training setting',
    files: { 'daemon/train/dummySettings.ts': 'setting.ts.txt' },
    registry: 'daemon/train/settings.ts',
    ...{ name: 'DUMMY_GROUP', list: 'TABLE' },
  },
];

// The hooks run in this order: the daemon ends before its files go.
after(() => vera('daemon', 'stop', '--now'));
const tree = join(temporaryFolder(), 'tree');
const home = join(temporaryFolder(), 'home');
copyTree(tree);
for (const addition of ADDITIONS) add(tree, addition);

const vera = (...args: string[]): Promise<string> => node(tree, ['daemon/cli/main.ts', ...args], home);
/** The last line of what a command prints with `--json`. */
const last = async (...args: string[]): Promise<Record<string, unknown>> =>
  JSON.parse((await vera(...args, '--json')).trimEnd().split('\n').at(-1)!) as Record<string, unknown>;
const read = (file: string): string => readFileSync(join(tree, file), 'utf8');
/** What `vera COMMAND --help` prints, its lines joined. */
const help = async (command: string): Promise<string> => (await vera(command, '--help')).replace(/\s+/g, ' ');

/** A base of the new family, and rows of the new format. */
const base = join(home, '..', 'base');
const data = join(home, '..', 'riddles.jsonl');
cpSync(join(root, 'daemon/demo'), base, { recursive: true, filter: (path) => !path.endsWith('.ts') });
const config = JSON.parse(readFileSync(join(base, 'config.json'), 'utf8')) as Record<string, unknown>;
writeFileSync(join(base, 'config.json'), JSON.stringify({ ...config, architectures: ['DummyForCausalLM'] }));
const rows = Array.from({ length: 24 }, (_, i) => ({ riddle: `What is ${i} and ${i}?`, solution: `It is ${2 * i}.` }));
writeFileSync(data, rows.map((row) => JSON.stringify(row)).join('\n') + '\n');

test('each recipe of CONTRIBUTING.md names the folder and the registry that are used here', () => {
  const text = readFileSync(join(root, 'CONTRIBUTING.md'), 'utf8');
  for (const { recipe, files, registry } of ADDITIONS) {
    const section = text.split(`### ${recipe}\n`)[1]?.split(/^##/m)[0];
    assert.ok(section, `CONTRIBUTING.md has no recipe "${recipe}"`);
    assert.ok(section.includes(`\`${registry}\``), `the recipe "${recipe}" does not name ${registry}`);
    const file = Object.keys(files)[0]!.replace(/dummy/, 'NAME');
    assert.ok(section.includes(`\`${file}\``), `the recipe "${recipe}" does not name ${file}`);
  }
});

test('the type check passes', async () => {
  await node(tree, ['node_modules/typescript/bin/tsc', '--noEmit', '-p', 'tsconfig.json']);
});

test('the generated pages and the manifest take them up, and their tests pass', async () => {
  await node(tree, ['test/docs/write.ts']);
  await node(tree, ['extension/manifest/write.ts']);
  const tests = ['test/docs/docs.test.ts', 'daemon/graph/ops/registry.test.ts', 'daemon/graph/ops/dummy.test.ts'];
  await node(tree, ['--test', ...tests]);
  const settings = read('docs/settings.md');
  assert.match(settings, /Dummy share.*--dummy-share|--dummy-share.*Dummy share/);
  assert.match(settings, /Dummy strength.*--dummy-strength|--dummy-strength.*Dummy strength/);
  assert.match(settings, /dummy objective|`dummy`/);
  assert.match(read('docs/protocol.md'), /counts the lines of a file/);
  assert.match(read('README.md'), /DummyForCausalLM/);
  const formats = read('docs/formats.md');
  assert.match(formats, /riddle, solution/);
  assert.match(formats, /a text file that counts what was trained/);
});

test('help names them', async () => {
  const train = await help('train');
  assert.match(train, /dummy: Dummy trains one vector per layer, which the mean of the input multiplies/);
  assert.match(
    train,
    /--dummy-strength <x> the trained vectors are multiplied by this \(Dummy only; 0 to 10; default: 2\)/,
  );
  assert.match(train, /--dummy-share <x> a share that nothing reads \(0 to 1; default: 0.25\)/);
  assert.match(train, /dummy: dummy objective: predict the next token at half the weight/);
  assert.match(train, /dummy: riddles/);
  assert.match(await help('export'), /dummy a text file that counts what was trained/);
  assert.match(await help('export'), /--dummy-word/);
  assert.match(await help('jobs'), /dummy counts the lines of a file/);
});

test('the form of VS Code shows them', async () => {
  const labels = (await evaluate(
    tree,
    `import { description } from './daemon/server/handlers/settings.ts';
     import { fieldsFor } from './extension/tuning/fields.ts';
     const described = description();
     console.log(JSON.stringify({ described, fields: fieldsFor(described, 'dummy') }));`,
  )) as {
    described: Record<'rowFormats' | 'exportFormats' | 'methods', { name: string }[]>;
    fields: { label: string; settings: { name: string; values?: { value: string }[] }[] }[];
  };
  const fields = new Map(labels.fields.flatMap((group) => group.settings).map((field) => [field.name, field]));
  for (const name of ['dummyShare', 'dummyStrength', 'objective']) assert.ok(fields.has(name), name);
  assert.ok(!fields.has('rank'), 'a method without a rank has no such field');
  for (const name of ['method', 'objective', 'format'])
    assert.ok(
      fields.get(name)!.values?.some(({ value }) => value === 'dummy'),
      name,
    );
  for (const list of ['methods', 'rowFormats', 'exportFormats'] as const)
    assert.ok(
      labels.described[list].some(({ name }) => name === 'dummy'),
      list,
    );
});

const given = ['--method', 'dummy', '--objective', 'dummy', '--targets', 'q_proj,v_proj'];

test('a setting out of its range is refused by its label', async () => {
  const refused = vera('train', data, '--base', base, '--dummy-share', '7', '--json');
  await assert.rejects(refused, /Dummy share must be a number from 0 to 1.*--dummy-share/s);
  await assert.rejects(
    vera('train', data, '--base', base, '--method', 'dummy', '--rank', '4', '--json'),
    /Rank.*Dummy.*--rank/s,
  );
});

test('a run uses all of them, and the catalog keeps what it made', async () => {
  const done = await last(
    ...['train', data, '--base', base, ...given, '--dummy-share', '0.5', '--steps', '3', '--length', '64'],
    ...['--name', 'shifted', '--sample-tokens', '2'],
  );
  assert.equal(done['event'], 'done');
  const adapter = await last('adapters', 'show', 'shifted');
  assert.equal((adapter['adapter'] as { method: string } | undefined)?.method ?? adapter['method'], 'dummy');
  const run = JSON.stringify(await last('runs', 'show', '1'));
  assert.match(run, /"dummyShare":0.5/);
  assert.match(run, /"objective":"dummy"/);
});

test('the plan is that of the method', async () => {
  const plan = JSON.stringify(await last('plan', '--base', base, '--method', 'dummy'));
  assert.match(plan, /dummy/);
});

test('an evaluation reports the measures of the objective', async () => {
  const plain = await last('eval', data, '--base', base, '--adapter', 'shifted');
  const halved = await last('eval', data, '--base', base, '--adapter', 'shifted', '--objective', 'dummy');
  assert.ok(Math.abs((halved['loss'] as number) / (plain['loss'] as number) - 0.5) < 1e-6);
  assert.ok((halved['bits'] as number) > 0);
});

test('an adapter of the method is exported, imported again and merged', async () => {
  const out = (name: string): string => join(home, '..', name);
  await last('export', 'shifted', '--format', 'dummy', '--dummy-word', 'numbers', '--out', out('counted'));
  assert.match(readFileSync(join(out('counted'), 'count.txt'), 'utf8'), /^\d+ numbers\n$/);
  await last('export', 'shifted', '--format', 'peft', '--out', out('peft'));
  assert.match(readFileSync(join(out('peft'), 'adapter_config.json'), 'utf8'), /"peft_type": "DUMMY"/);
  await last('import', out('peft'), '--base', base, '--name', 'again');
  const merged = await last('merge', 'shifted', '--out', out('merged'));
  assert.ok((merged['maxLogitDifference'] as number) < 0.01, 'the base is stored in 16 bits');
});

test('a job of the kind runs, and is listed', async () => {
  const job = await evaluate(
    tree,
    `import { withDaemon } from './daemon/cli/withDaemon.ts';
     import * as jobs from './daemon/protocol/jobs.ts';
     console.log(JSON.stringify(await withDaemon((client) =>
       client.call(jobs.submit, { spec: { kind: 'dummy', file: ${JSON.stringify(data)} } }))));`,
    home,
  );
  const { id } = job as { id: number };
  await vera('jobs', 'follow', String(id));
  assert.match(JSON.stringify(await last('jobs', 'show', String(id))), /"lines":24/);
  assert.match(await vera('jobs', 'list', '--kind', 'dummy'), /Count the lines of riddles.jsonl/);
});
