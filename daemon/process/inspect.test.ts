import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspectArguments } from './inspect.ts';
import { startProcess } from './supervised.ts';

function withPort<T>(value: string, call: () => T): T {
  process.env['VERA_INSPECT'] = value;
  try {
    return call();
  } finally {
    delete process.env['VERA_INSPECT'];
  }
}

test('without VERA_INSPECT, no process opens an inspector', () => {
  assert.deepEqual(inspectArguments('daemon'), []);
  assert.deepEqual(
    withPort('', () => inspectArguments('worker')),
    [],
  );
});

test('each kind of process has a port of its own, on this machine alone', () => {
  const all = withPort('9230', () => (['daemon', 'worker', 'languageServer'] as const).flatMap(inspectArguments));
  assert.deepEqual(all, ['--inspect=127.0.0.1:9230', '--inspect=127.0.0.1:9231', '--inspect=127.0.0.1:9232']);
  for (const wrong of ['0', '80', 'yes', '9230.5', '70000'])
    assert.throws(
      () => withPort(wrong, () => inspectArguments('daemon')),
      /VERA_INSPECT must be a port from 1024 to 65000/,
    );
});

test('a worker listens for a debugger where VERA_INSPECT asks for it', async () => {
  const file = new URL('../../test/process/service.ts', import.meta.url);
  const worker = withPort('39230', () => startProcess({ file, streams: 'keep', inspect: 'worker' }));
  await worker.ready;
  worker.stop();
  assert.match((await worker.ended).output, /Debugger listening on ws:\/\/127\.0\.0\.1:39231\//);
});
