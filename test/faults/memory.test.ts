// Slow: runs a worker out of memory.
/** A worker that runs out of memory ends alone; its job says so or continues, and the daemon lives. Linux only. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { connect } from '../../daemon/client/connect.ts';
import { stopDaemon } from '../../daemon/client/stop.ts';
import * as jobs from '../../daemon/protocol/jobs.ts';
import { daemonHome } from '../daemon.ts';
import { tinyModel, tinyTraining } from '../queue.ts';
import { over } from './over.ts';
import { canKill, daemonPid, seen, workersOf } from './victims.ts';

const home = daemonHome();
const model = tinyModel(home);
after(() => stopDaemon({ now: true }));

const STEPS = 4000; // so many that the run still goes when its worker is found

test(
  'a worker that gets no more memory ends alone, and its job continues from its checkpoint',
  { skip: canKill },
  async (t) => {
    const client = await connect({ patience: 60_000 });
    t.after(() => client.close());
    const daemon = daemonPid()!;
    const out = join(home, 'run');
    const { id } = await client.call(jobs.submit, {
      spec: tinyTraining(model, { out, steps: STEPS, evalEvery: 100, checkpointEvery: 20 }),
    });
    assert.ok(await seen('written', out, () => false));
    const [worker] = workersOf(daemon);
    assert.ok(worker !== undefined, 'the run was over before its worker was found');
    // If the system must end a process to get memory, it ends the worker before the daemon.
    assert.ok(Number(readFileSync(`/proc/${worker}/oom_score_adj`, 'utf8')) > 0);
    const bytes = 1024 * Number(/VmSize:\s+(\d+)/.exec(readFileSync(`/proc/${worker}/status`, 'utf8'))![1]);
    // Less than it has: whatever it asks for next is refused, also if what it freed would have been enough.
    execFileSync('prlimit', ['--pid', String(worker), `--as=${Math.floor(bytes / 2)}`]);
    // The worker asks for more memory as it starts and grows: it fails with that reason, or dies.
    const ended = await over(client, id);
    assert.equal(daemonPid(), daemon, 'the daemon lives');
    const [first] = ended.attempts;
    assert.ok(ended.state === 'failed' || ended.attempts.length > 1, JSON.stringify(ended));
    assert.match(first?.reason ?? '', /not enough memory|SIG[A-Z]+|exit/);
    if (ended.state === 'failed') await client.call(jobs.retry, { job: id });
    const done = await over(client, id);
    assert.equal(done.state, 'succeeded', JSON.stringify(done.error));
    assert.equal(done.progress.step, STEPS);
  },
);
