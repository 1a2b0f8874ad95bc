import assert from 'node:assert/strict';
import { test } from 'node:test';
import { refuseOldNode } from '../process/node.ts';
import { daemonOptions } from './options.ts';

test('flags, environment, defaults', () => {
  const defaults = { port: 0, idleMinutes: 60, logLevel: 'info', servePrecision: 'auto', successor: false };
  assert.deepEqual(daemonOptions([], {}), defaults);
  assert.deepEqual(
    daemonOptions([], { VERA_IDLE_MINUTES: '2.5', VERA_LOG_LEVEL: 'debug', VERA_SERVE_PRECISION: 'fp32' }),
    {
      ...defaults,
      servePrecision: 'fp32',
      idleMinutes: 2.5,
      logLevel: 'debug',
    },
  );
  const all =
    '--port 4000 --idle-minutes 1 --max-running 3 --memory-budget 1e9 --log-level warn --successor --serve-precision int8 --serve-memory 2e9 --as-version 9.0.0';
  assert.deepEqual(daemonOptions(all.split(' '), { VERA_IDLE_MINUTES: '7' }), {
    ...{ port: 4000, idleMinutes: 1, maxRunning: 3, memoryBudgetBytes: 1e9 },
    ...{ logLevel: 'warn', servePrecision: 'int8', serveMemoryBytes: 2e9, successor: true, version: '9.0.0' },
  });
});

test('what is wrong is refused with its name', () => {
  const refused: [string, RegExp][] = [
    ['--port 70000', /the port: '70000'/],
    ['--port 1.5', /whole number/],
    ['--idle-minutes -1', /idle-minutes/],
    ['--idle-minutes NaN', /idle minutes: 'NaN'/],
    ['--max-running 0', /the number of jobs at once: '0'/],
    ['--memory-budget', /memory-budget/],
    ['--serve-memory little', /the memory of serving: 'little'/],
    ['--log-level loud', /log level is one of trace/],
    ['--other', /--other/],
    ['stray', /stray/],
  ];
  for (const [line, message] of refused) {
    assert.throws(() => daemonOptions(line.split(' '), {}), { code: 'usage', message }, line);
  }
  assert.throws(() => daemonOptions([], { VERA_IDLE_MINUTES: '' }), { code: 'usage' });
});

test('an old Node is refused before the database is loaded', () => {
  assert.throws(() => refuseOldNode('20.19.0'), { code: 'daemon', message: /Node 20\.19\.0 is too old.*Node 22/ });
  refuseOldNode('22.18.0');
  refuseOldNode('24.0.0');
});
