import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { checkHome, checkHub, checkMemory, checkNode, checkRuntime } from './health.ts';

const MAIN = join(import.meta.dirname, 'main.ts');
const root = mkdtempSync(join(tmpdir(), 'doctor-'));
after(() => rmSync(root, { recursive: true }));

function doctor(env: Record<string, string>, ...args: string[]): { status: number | null; stdout: string } {
  const { status, stdout } = spawnSync(process.execPath, [MAIN, 'doctor', ...args], {
    encoding: 'utf8',
    env: { ...process.env, HF_TOKEN: '', HF_ENDPOINT: '', ...env },
  });
  return { status, stdout };
}

test('here all is right: onnxruntime computes, home is written and left clean', () => {
  const home = join(root, 'home');
  const { status, stdout } = doctor({ VERA_HOME: home }, '--json');
  const { ok, checks } = JSON.parse(stdout);
  assert.equal(ok, true);
  assert.equal(status, 0);
  const names = checks.map(({ name }: { name: string }) => name);
  assert.deepEqual(names, [
    'node',
    'onnxruntime',
    'providers',
    'telemetry',
    'cores',
    'memory',
    'home',
    'disk',
    'cache',
    'hub',
    'token',
    'state',
    'database',
    'discovery',
    'daemon',
    'catalog',
  ]);
  const message = (name: string): string => checks.find((check: { name: string }) => check.name === name).message;
  assert.match(message('onnxruntime'), /^onnxruntime \d+\.\d+\.\d+ computes/);
  assert.match(message('providers'), /cpu/);
  assert.match(message('telemetry'), /^off/);
  assert.deepEqual(readdirSync(home), []);
});

test('what must be put right: exit code 1, and the cure', () => {
  const file = join(root, 'a-file');
  writeFileSync(file, '');
  const { status, stdout } = doctor({
    VERA_HOME: join(file, 'home'),
    HF_ENDPOINT: 'ftp://nowhere',
    HF_TOKEN: 'secret-token',
  });
  assert.equal(status, 1);
  assert.match(stdout, /^FIX {2} home .*cannot be written/m);
  assert.match(stdout, /-> set VERA_HOME to a folder of yours/);
  assert.match(stdout, /^FIX {2} hub .*HF_ENDPOINT/m);
  assert.match(stdout, /HF_TOKEN is set/);
  assert.doesNotMatch(stdout, /secret-token/);
  assert.match(stdout, /run vera doctor again/);
});

test('an onnxruntime that crashes, cannot be loaded, or computes wrong is said', async () => {
  const found = { version: '1.0.0', providers: [{ name: 'cpu', bundled: true }], largestError: 0, telemetryOff: true };
  for (const reason of ['it crashed (SIGSEGV)', 'libonnxruntime.so.1: cannot open shared object file\nmore']) {
    const [check] = await checkRuntime(() => Promise.reject(new Error(reason)));
    assert.equal(check?.status, 'wrong');
    assert.match(check.message, /^it does not work here: (it crashed|libonnx)/);
    assert.doesNotMatch(check.message, /\n/);
  }
  const statuses = async (changes: Partial<typeof found>): Promise<string[]> =>
    (await checkRuntime(() => Promise.resolve({ ...found, ...changes }))).map(({ status }) => status);
  assert.deepEqual(await statuses({}), ['right', 'right', 'right']);
  assert.deepEqual(await statuses({ largestError: 0.1 }), ['wrong', 'right', 'right']);
  assert.deepEqual(await statuses({ largestError: NaN }), ['wrong', 'right', 'right']);
  assert.deepEqual(await statuses({ telemetryOff: false }), ['right', 'right', 'wrong']);
});

test('versions of Node', () => {
  const status = (version: string): string => checkNode(version).status;
  assert.deepEqual(['20.19.0', '22.17.1', '22.18.0', '23.0.0', '24.1.0'].map(status), [
    'wrong',
    'wrong',
    'right',
    'right',
    'right',
  ]);
});

test('memory, home, hub and token', () => {
  assert.equal(checkMemory(100e6).status, 'poor');
  assert.equal(checkMemory(8e9).status, 'right');
  const folder = join(root, 'new');
  assert.equal(checkHome(folder).status, 'right');
  assert.ok(existsSync(folder));
  if (process.getuid?.() !== 0) {
    chmodSync(folder, 0o500);
    assert.equal(checkHome(folder).status, 'wrong');
  }
  const hub = (env: Record<string, string>): string[] => checkHub(env).map(({ status }) => status);
  assert.deepEqual(hub({}), ['right', 'right']);
  assert.deepEqual(hub({ HF_ENDPOINT: 'http://127.0.0.1:9', HF_TOKEN: 'hf_x' }), ['right', 'right']);
  assert.deepEqual(hub({ HF_ENDPOINT: 'https://user:pass@host' }), ['wrong', 'right']);
  assert.deepEqual(hub({ HF_ENDPOINT: 'nonsense', HF_TOKEN: 'a b' }), ['wrong', 'wrong']);
});
