/**
 * How late a thousand subscribers receive events: a daemon of its own with 200 jobs in its queue, the first of which trains a
 * tiny model meanwhile; then 10,000 connections that send nothing. `npm run bench:subscribers`; shorter: `-- --seconds 10`.
 * Prints JSON lines: delays from an event's own time (before it is on the disk) to its arrival, and from its first arrival
 * to its others; the daemon's memory; events missed. `--dir`: where the state folder is made, for another disk.
 */
import { fork, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { connect as connectTo } from 'node:net';
import type { Socket } from 'node:net';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { connect } from '../../daemon/client/connect.ts';
import type { Client } from '../../daemon/client/connect.ts';
import { lookAtDiscovery, readDiscovery } from '../../daemon/life/discovery.ts';
import type { Discovery } from '../../daemon/life/discovery.ts';
import type { Topic } from '../../daemon/protocol/events.ts';
import * as events from '../../daemon/protocol/events.ts';
import * as jobs from '../../daemon/protocol/jobs.ts';
import * as life from '../../daemon/protocol/life.ts';
import { writeTinyModel, writeTinyText } from '../fixtures/train/tiny.ts';
import { root } from '../sources.ts';
import type { Heard } from './subscriberWorker.ts';

const { values: flags } = parseArgs({
  options: {
    subscribers: { type: 'string', default: '1000' },
    jobs: { type: 'string', default: '200' },
    seconds: { type: 'string', default: '40' },
    idle: { type: 'string', default: '10000' },
    dir: { type: 'string', default: tmpdir() },
  },
});
const [SUBSCRIBERS, JOBS, SECONDS, IDLE] = [flags.subscribers, flags.jobs, flags.seconds, flags.idle].map(Number) as [
  number,
  number,
  number,
  number,
];
const TOPICS: Topic[] = ['jobs', 'catalog', 'job/1'];

const home = mkdtempSync(join(flags.dir, 'vera-bench-'));
process.env['VERA_HOME'] = home;
const print = (line: object): void => console.log(JSON.stringify(line));
const mib = (bytes: number): number => Math.round(bytes / 2 ** 20);

const daemon = spawn(process.execPath, [join(root, 'daemon/main.ts'), '--max-running', '1'], {
  stdio: ['ignore', 'ignore', 'inherit'],
});
let worker: ChildProcess | undefined;
try {
  const discovery = await started();
  const client = await connect({ start: false });
  const rss = async (): Promise<number> => (await client.call(life.status, {})).memory.rssBytes;

  const atFirst = await rss();
  worker = fork(join(import.meta.dirname, 'subscriberWorker.ts'), [], { serialization: 'advanced' });
  worker.send({ port: discovery.port, token: discovery.token, subscribers: SUBSCRIBERS, topics: TOPICS });
  await once(worker, 'message');
  const connected = await rss();

  const { number: start } = await client.call(events.subscribe, { topics: ['catalog'] });
  await submitJobs(client);
  const queued = await rss();
  for (const until = performance.now() + SECONDS * 1000; performance.now() < until; await setTimeout(500)) {
    // Do what people do: look at the list, and move a job.
    const { items } = await client.call(jobs.list, { states: ['queued'], limit: 50 });
    const one = items.at(Math.floor(Math.random() * items.length));
    if (one !== undefined)
      await client
        .call(jobs.prioritise, { job: one.id, priority: Math.floor(Math.random() * 10) })
        .catch(() => undefined);
  }
  await client.call(jobs.pause, { job: 1 }).catch(() => undefined);
  // The reference for all subscribers: one that reads everything afterwards.
  const numbers = await everything(client, start);
  await setTimeout(1000);
  const during = await rss();
  worker.send({ upTo: numbers.at(-1)! });
  const [heard] = (await once(worker, 'message')) as [Heard];
  print({
    ...{ subscribers: SUBSCRIBERS, jobs: JOBS, seconds: SECONDS, events: numbers.length, delivered: heard.delivered },
    ...{
      missed: numbers.length * SUBSCRIBERS - heard.distinct,
      doubled: heard.doubled,
      outOfOrder: heard.outOfOrder,
      skipped: heard.skipped,
    },
    ...{ delayMs: heard.delay, spreadMs: heard.spread },
    // Other programs on the machine make everything later.
    daemonCpuSeconds: await cpuSeconds(discovery),
    load: Math.round(loadavg()[0]! * 10) / 10,
    rssMiB: { alone: mib(atFirst), connected: mib(connected), queued: mib(queued), end: mib(during) },
  });
  worker.kill();

  print({ idleConnections: IDLE, ...(await idleConnections(client, discovery)) });
  await client.close();
  if (numbers.length * SUBSCRIBERS !== heard.distinct || heard.doubled > 0) process.exitCode = 1;
} finally {
  worker?.kill();
  daemon.kill('SIGTERM');
  if (daemon.exitCode === null)
    await Promise.race([once(daemon, 'exit'), setTimeout(20_000).then(() => daemon.kill('SIGKILL'))]);
  rmSync(home, { recursive: true, force: true, maxRetries: 10 });
}

async function started(): Promise<Discovery> {
  for (let i = 0; i < 300; i++) {
    const discovery = readDiscovery();
    if (discovery !== undefined) return discovery;
    await setTimeout(100);
  }
  throw new Error(`the daemon does not answer: ${JSON.stringify(lookAtDiscovery())}`);
}

async function submitJobs(client: Client): Promise<void> {
  const base = writeTinyModel(join(home, 'base'));
  const data = writeTinyText(join(home, 'rows.jsonl'), 200);
  const settings = { data, base, rank: 4, length: 64, batch: 4, checkpointEvery: 50, threads: 1 };
  const start = performance.now();
  for (let i = 0; i < JOBS; i++) {
    // The first job lasts longer than the measurement.
    const spec = {
      kind: 'train' as const,
      settings: { ...settings, steps: i === 0 ? 1_000_000 : 10, out: join(home, `out${i}`) },
    };
    await client.call(jobs.submit, { spec });
  }
  print({ submitted: JOBS, msEach: Math.round(((performance.now() - start) / JOBS) * 10) / 10 });
}

/** Numbers of all events after `start`, read from the log when no more come. */
async function everything(client: Client, start: number): Promise<number[]> {
  const numbers: number[] = [];
  const reading = await client.follow(TOPICS, start, {
    events: (some) => void numbers.push(...some.map(({ number }) => number)),
  });
  // Read until the newest event that existed when this began; the next jobs run meanwhile.
  const goal = (await client.call(events.subscribe, { topics: ['catalog'] })).number;
  for (let i = 0; i < 200 && (numbers.at(-1) ?? 0) < goal; i++) await setTimeout(100);
  await reading.end();
  return numbers;
}

async function cpuSeconds({ port, token }: Discovery): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${port}/metrics`, { headers: { authorization: `Bearer ${token}` } });
  return Number(/^process_cpu_seconds_total (\S+)/m.exec(await response.text())?.[1]);
}

/** Opens connections that send nothing, and asks the daemon for its state meanwhile. */
async function idleConnections(client: Client, { port, pid }: Discovery): Promise<object> {
  const before = (await client.call(life.status, {})).memory.rssBytes;
  // Count what the daemon keeps. The client's own count includes connections that still wait in the system and will be refused.
  const descriptors = (): number => (process.platform === 'linux' ? readdirSync(`/proc/${pid}/fd`).length : Number.NaN);
  const alone = descriptors();
  const open = new Set<Socket>();
  let held = 0;
  let most = 0;
  let slowest = 0;
  for (let i = 0; i < IDLE; i++) {
    const socket = connectTo({ host: '127.0.0.1', port });
    open.add(socket);
    socket
      .on('error', () => undefined)
      .on('close', () => open.delete(socket))
      .resume();
    if (i % 250 !== 249) continue;
    const asked = performance.now();
    most = Math.max(most, (await client.call(life.status, {})).memory.rssBytes);
    slowest = Math.max(slowest, performance.now() - asked);
    held = Math.max(held, descriptors() - alone);
  }
  const waited = performance.now();
  while (open.size > 0 && performance.now() - waited < 20_000) await setTimeout(100);
  return {
    ...{
      heldAtMost: held,
      leftAfterMs: Math.round(performance.now() - waited),
      left: open.size,
      slowestAnswerMs: Math.round(slowest),
    },
    rssMiB: { before: mib(before), most: mib(most) },
  };
}
