// Slow: starts a real daemon and an engine that loads the bundled model.
/** `vera generate` and `vera chat` through the daemon. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { daemonHome } from '../../test/daemon.ts';
import { DEMO, store } from '../../test/served.ts';
import { temporaryFolder } from '../../test/temporary.ts';
import { activateAdapter, deactivateAdapter } from '../catalog/adapters.ts';
import { type Catalog, openCatalog } from '../catalog/open.ts';
import { projectOfFolder } from '../catalog/owners.ts';
import { findRunning } from '../client/running.ts';
import { stopDaemon } from '../client/stop.ts';

const home = daemonHome();
const folder = temporaryFolder();
const MAIN = join(import.meta.dirname, 'main.ts');

interface Ended {
  status: number | null;
  stdout: string;
  stderr: string;
}

function vera(
  args: string[],
  { input = '', cwd = home, env = {} }: { input?: string; cwd?: string; env?: object } = {},
): Ended {
  return spawnSync(process.execPath, [MAIN, ...args], {
    encoding: 'utf8',
    input,
    cwd,
    env: { ...process.env, ...env },
  });
}

/** The output of a command that must work. */
function done(args: string[], options?: Parameters<typeof vera>[1]): Ended {
  const ended = vera(args, options);
  assert.equal(ended.status, 0, ended.stderr);
  return ended;
}

const linesOf = ({ stdout }: Ended): Record<string, unknown>[] =>
  stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

async function withCatalog(work: (catalog: Catalog) => Promise<void>): Promise<void> {
  const catalog = await openCatalog(join(home, 'catalog', 'catalog.db'));
  try {
    await work(catalog);
  } finally {
    await catalog.close();
  }
}

before(() =>
  withCatalog(async (catalog) => {
    await store(catalog, 'notes', 1);
    await store(catalog, 'code', 2);
    await catalog.change(async (change) => {
      await activateAdapter(change, { adapter: 'notes' }, 'test');
      const project = await projectOfFolder(change, folder);
      await activateAdapter(change, { adapter: 'code', project }, 'test');
    });
  }),
);

const PROMPT = ['generate', '--prompt', 'def add(a, b):\n    ', '--max-tokens', '12', '--temperature', '0'];

test('the active adapter of the folder answers, and a note says so', () => {
  const ended = done(PROMPT);
  assert.equal(ended.stderr, 'adapter 1 "notes" on demo (the active adapter)\n');
  const [line] = linesOf(done([...PROMPT, '--json']));
  assert.equal(ended.stdout, `${line!['text'] as string}\n`);
  assert.deepEqual([line!['model'], line!['active']], ['demo:notes', true]);

  const [inFolder] = linesOf(done([...PROMPT, '--json'], { cwd: folder }));
  assert.deepEqual([inFolder!['model'], inFolder!['active']], ['demo:code', true]);
  const [named] = linesOf(done([...PROMPT, '--json', '--adapter', 'code']));
  assert.deepEqual([named!['text'], named!['active']], [inFolder!['text'], false]);
  const [byNumber] = linesOf(done([...PROMPT, '--json', '--adapter', '2']));
  assert.equal(byNumber!['text'], named!['text']);
  const base = done([...PROMPT, '--base', DEMO]);
  assert.equal(base.stderr, 'demo without an adapter\n');
  assert.equal(new Set([ended.stdout.trimEnd(), named!['text'], base.stdout.trimEnd()]).size, 3);
});

test('chat templates, a gap to fill, and what is wrong', () => {
  const [chat] = linesOf(done([...PROMPT, '--chat', '--system', 'Be brief.', '--json']));
  const [gap] = linesOf(done([...PROMPT, '--fim-suffix', '\nprint(add(1, 2))', '--json']));
  const [plain] = linesOf(done([...PROMPT, '--json']));
  assert.equal(new Set([chat!['text'], gap!['text'], plain!['text']]).size, 3);
  const missing = vera([...PROMPT, '--adapter', 'nobody']);
  assert.match(missing.stderr, /^vera: there is neither an adapter folder nor an adapter "nobody"/);
  assert.notEqual(missing.status, 0);
});

test('the prompt comes from standard input', () => {
  const [given] = linesOf(done([...PROMPT, '--json']));
  const piped = ['generate', '--prompt', '-', ...PROMPT.slice(3), '--json'];
  const [read] = linesOf(done(piped, { input: PROMPT[2]! }));
  assert.equal(read!['text'], given!['text']);
  assert.match(vera(piped).stderr, /^vera: --prompt -: standard input is empty/);
});

test('an answer that is JSON of a schema', () => {
  const file = join(folder, 'schema.json');
  writeFileSync(file, JSON.stringify({ type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] }));
  const { stdout } = done(['generate', '--prompt', 'A number: ', '--max-tokens', '60', '--json-schema', file]);
  assert.ok(Number.isInteger((JSON.parse(stdout) as { n: number }).n), stdout);
  writeFileSync(file, JSON.stringify({ type: 'object', not: {} }));
  const refused = vera([...PROMPT, '--json-schema', file]);
  assert.match(refused.stderr, /^vera: the JSON schema at #\/not: this keyword cannot be followed/m);
  assert.equal(refused.status, 2);
});

test('in the foreground, no daemon is needed', async () => {
  await stopDaemon({ now: true });
  const ended = done([...PROMPT, '--base', DEMO, '--foreground', '--precision', 'int8']);
  const implied = done([...PROMPT, '--base', DEMO, '--precision', 'int8']);
  assert.equal(implied.stdout, ended.stdout);
  assert.equal(ended.stderr, '');
  assert.equal((await findRunning()).state, 'stale');
  const nothing = vera([...PROMPT, '--foreground']);
  assert.equal(nothing.status, 2);
  assert.match(nothing.stderr, /the base model is missing/);
});

test('another adapter answers in the middle of a conversation, and a message has several lines', () => {
  const chat = ['chat', '--json', '--max-tokens', '8', '--temperature', '0'];
  const input =
    'Hello.\n/new\n/model code\nHello.\n/model base\nHello.\n/model\n"""\ndef a():\n    pass\n"""\n/model nobody\n';
  const answers = linesOf(done(chat, { input }));
  assert.deepEqual(
    answers.map(({ model }) => model),
    ['demo:notes', 'demo:code', 'demo', 'demo:notes'],
  );
});

test('a conversation by lines', () => {
  const options = ['--max-tokens', '12', '--temperature', '1'];
  const chat = ['chat', '--json', ...options];
  const [first, second, third] = linesOf(done(chat, { input: 'Hello.\nAnd now?\n\n/new\nHello.\n/exit\nno\n' }));
  assert.equal(first!['model'], 'demo:notes');
  assert.deepEqual(third, first);
  assert.notEqual(second!['text'], first!['text']);
  const shown = done(['chat', ...options], { input: 'Hello.\nAnd now?\n' });
  assert.equal(shown.stdout, `${first!['text'] as string}\n${second!['text'] as string}\n`);
  assert.equal(shown.stderr, 'adapter 1 "notes" on demo (the active adapter)\n');
});

test('without an active adapter, a command says what to name', async () => {
  await stopDaemon();
  await withCatalog((catalog) => catalog.change((change) => deactivateAdapter(change, {}, 'test')));
  const ended = vera(PROMPT);
  assert.match(ended.stderr, /^vera: no adapter is active: make one active, or name a model/);
  assert.notEqual(ended.status, 0);
});

test('a weight format that is not one keeps the daemon from starting', async () => {
  await stopDaemon();
  const ended = vera(PROMPT, { env: { VERA_SERVE_PRECISION: 'int3' } });
  assert.match(ended.stderr, /Weight format of serving must be one of auto, fp32, int8, not "int3"/);
});
