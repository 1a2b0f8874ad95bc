/**
 * How fast the catalog is with many adapters: 20,000 of SmolLM2-135M (r 256, q and v: 38,400 numbers each) and then
 * 1,000,000 small ones of the demo model, in one file in the temporary folder (about 12 GB, deleted at the end). `npm run
 * bench:catalog`; smaller: `npm run bench:catalog -- --large 200 --small 10000`.
 */
import { spawn } from 'node:child_process';
import { randomFillSync } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import * as adapters from '../../daemon/catalog/adapters.ts';
import { readAdapter } from '../../daemon/catalog/adapterRows.ts';
import { pruneEvents } from '../../daemon/catalog/events.ts';
import { openCatalog } from '../../daemon/catalog/open.ts';
import type { Catalog } from '../../daemon/catalog/open.ts';
import { createUser, ensureUser, listProjects, projectOfFolder } from '../../daemon/catalog/owners.ts';
import { cursorOf } from '../../daemon/catalog/pages.ts';
import { connect } from '../../daemon/client/connect.ts';
import { discoveryFile } from '../../daemon/home.ts';
import { readDiscovery } from '../../daemon/life/discovery.ts';
import { adapterMethod } from '../../daemon/methods/registry.ts';
import { savings } from '../../daemon/methods/savings.ts';
import { list } from '../../daemon/protocol/adapters.ts';
import { readConfig } from '../../daemon/models/config.ts';
import { linearSites } from '../../daemon/models/registry.ts';
import { root } from '../sources.ts';

const { values: flags } = parseArgs({
  options: {
    large: { type: 'string', default: '20000' },
    small: { type: 'string', default: '1000000' },
    dir: { type: 'string', default: tmpdir() },
  },
});
const [LARGE, SMALL] = [Number(flags.large), Number(flags.small)];
const BATCH = 500; // adapters of one transaction
const KEPT_EVENTS = 200_000; // as the daemon keeps

interface Shape {
  readonly what: string;
  readonly rank: number;
  readonly sites: adapters.AdapterContent['sites'];
  readonly tensors: adapters.AdapterContent['tensors'];
  readonly parameters: number;
  readonly spec: string;
}

/** SmolLM2-135M: 30 layers of width 576, of which v makes 3 heads of 64. */
const smol = shape('SmolLM2-135M', 256, 'HuggingFaceTB/SmolLM2-135M', [
  ...Array.from({ length: 30 }, (_, layer) => [
    { path: `model.layers.${layer}.self_attn.q_proj`, layer, dIn: 576, dOut: 576, bias: false },
    { path: `model.layers.${layer}.self_attn.v_proj`, layer, dIn: 576, dOut: 192, bias: false },
  ]).flat(),
]);
const config = readConfig(join(root, 'daemon/demo'));
const demo = shape(
  'demo model',
  4,
  'demo',
  linearSites(config).filter(({ path }) => /\.(q|v)_proj$/.test(path)),
);

function shape(what: string, rank: number, spec: string, sites: adapters.AdapterContent['sites']): Shape {
  return {
    what,
    rank,
    spec,
    sites,
    parameters: savings(adapterMethod('vera'), sites, { rank }).parameters,
    tensors: adapterMethod('vera').tensors(sites, { rank }),
  };
}

function content({ rank, sites, tensors, parameters, spec }: Shape): adapters.AdapterContent {
  const theta = new Float32Array(parameters);
  randomFillSync(new Uint8Array(theta.buffer));
  const options = { rank, alpha: rank, dropout: 0, projectionKey: 0, dInitial: 0.1, seed: 0 };
  return {
    ...{ method: 'vera', options, sites, tensors, targets: 'q_proj,v_proj', theta },
    base: { fingerprint: Buffer.from(spec).toString('hex').padEnd(64, '0').slice(0, 64), spec },
  };
}

const topics = ['letters', 'notes', 'recipes', 'code', 'minutes', 'support', 'poems', 'reports'];
const nameOf = (shape: Shape, i: number): string =>
  `${shape.spec === 'demo' ? 'small' : 'large'} ${topics[i % topics.length]!} ${i}`;

const ms = (value: number): string => `${value.toFixed(value < 10 ? 2 : 0)} ms`;
const gb = (bytes: number): string => `${(bytes / 1e9).toFixed(bytes < 1e8 ? 3 : 2)} GB`;
const say = (what: string, figure: string): void => console.log(`${what.padEnd(58)} ${figure}`);

/** Runs something many times. Returns the median and the 99th percentile. */
async function measure(what: string, times: number, work: (i: number) => Promise<unknown>): Promise<void> {
  const took: number[] = [];
  for (let i = 0; i < times; i++) {
    const start = performance.now();
    await work(i);
    took.push(performance.now() - start);
  }
  took.sort((one, two) => one - two);
  const at = (share: number): number => took[Math.min(took.length - 1, Math.floor(share * took.length))]!;
  say(what, `median ${ms(at(0.5))}, p99 ${ms(at(0.99))}${times < 100 ? `, slowest of ${times}` : ''}`);
}

interface Owners {
  userIds: number[];
  projectIds: number[];
}

async function fill(catalog: Catalog, shape: Shape, count: number, { userIds, projectIds }: Owners): Promise<void> {
  const start = performance.now();
  for (let from = 0; from < count; from += BATCH) {
    await catalog.change(async (change) => {
      for (let i = from; i < Math.min(count, from + BATCH); i++) {
        await adapters.insertAdapter(change, content(shape), {
          name: nameOf(shape, i),
          userId: userIds[i % userIds.length]!,
          projectId: i % 4 === 0 ? null : projectIds[i % projectIds.length]!,
          note: i % 1000 === 0 ? 'a rare thing among many' : '',
          tags: i % 10 === 0 ? ['tenth'] : [],
          losses: { train: 1 + 1 / (i + 1), heldOut: 1.5, baseHeldOut: 2 },
          actor: 'bench',
        });
      }
    });
    if ((from / BATCH) % 100 === 99) await catalog.change(({ db }) => pruneEvents(db, KEPT_EVENTS));
  }
  const seconds = (performance.now() - start) / 1000;
  say(
    `insert ${count} of ${shape.what}, ${BATCH} a transaction`,
    `${(count / seconds).toFixed(0)} a second (${seconds.toFixed(0)} s)`,
  );
}

function sizes(catalog: Catalog, counts: [Shape, number][]): void {
  const log = `${catalog.file}-wal`;
  const bytes = statSync(catalog.file).size + (existsSync(log) ? statSync(log).size : 0);
  const lora = counts.reduce(
    (sum, [{ sites }, count]) => sum + count * savings(adapterMethod('lora'), sites, { rank: 16 }).bytes,
    0,
  );
  const vectors = counts.reduce((sum, [{ parameters }, count]) => sum + 4 * count * parameters, 0);
  say(
    'catalog on disk',
    `${gb(bytes)} (vectors ${gb(vectors)}, the rest ${((100 * (bytes - vectors)) / bytes).toFixed(1)}%)`,
  );
  say('the same adapters as LoRA r 16 files', `${gb(lora)}: ${(lora / bytes).toFixed(1)} times as much`);
}

async function questions(
  catalog: Catalog,
  shape: Shape,
  count: number,
  { userIds, projectIds }: Owners,
): Promise<void> {
  const { db } = catalog;
  const some = (i: number): number => (i * 7919 + 13) % count;
  const page = { limit: 50, deleted: false };
  const newest = (await adapters.listAdapters(db, page)).items[0]!.id;
  await measure('find one by name', 500, (i) =>
    adapters.getAdapter(db, { adapter: nameOf(shape, some(i)), project: projectIds[some(i) % projectIds.length]! }),
  );
  await measure('say which names come near one that is not there', 20, (i) =>
    adapters.getAdapter(db, { adapter: `${nameOf(shape, some(i))}x` }).catch(() => undefined),
  );
  await measure('read one by number', 500, (i) => readAdapter(db, 1 + some(i)));
  await measure('read one with its vectors, hash checked', 200, (i) => adapters.adapterContent(db, newest - some(i)));
  await measure('first page of 50', 100, () => adapters.listAdapters(db, page));
  await measure('page of 50 in the middle', 100, (i) =>
    adapters.listAdapters(db, { ...page, after: cursorOf([Math.floor(newest / 2) + i]) }),
  );
  await measure('page of 50 of one project', 100, (i) =>
    adapters.listAdapters(db, { ...page, project: projectIds[i % projectIds.length]! }),
  );
  await measure('page of 50 of one user, in the middle', 100, (i) =>
    adapters.listAdapters(db, {
      ...page,
      user: userIds[i % userIds.length]!,
      after: cursorOf([Math.floor(newest / 2)]),
    }),
  );
  await measure('page of 50 with a tag of every tenth', 20, () => adapters.listAdapters(db, { ...page, tag: 'tenth' }));
  await measure('search: a number in a name', 100, (i) => adapters.listAdapters(db, { ...page, search: `${some(i)}` }));
  await measure('search: two words, one adapter in a thousand', 20, () =>
    adapters.listAdapters(db, { ...page, search: 'rare thing' }),
  );
  await measure('search: a word that every eighth has', 20, () =>
    adapters.listAdapters(db, { ...page, search: 'poems' }),
  );
  await measure('search: the first letter of nearly every name', 10, () =>
    adapters.listAdapters(db, { ...page, search: 's' }),
  );
  await measure('projects with their numbers of adapters', 100, () => listProjects(db, page));
  await measure('activate, durable', 200, (i) =>
    catalog.change((change) =>
      adapters.activateAdapter(change, { adapter: 1 + some(i), project: projectIds[i % projectIds.length]! }, 'bench'),
    ),
  );
  await measure('insert one, durable', 200, (i) =>
    catalog.change((change) =>
      adapters.addAdapter(change, content(shape), {
        ...{ name: `single ${nameOf(shape, i)}`, userId: userIds[0]!, projectId: null, actor: 'bench' },
      }),
    ),
  );
}

/** Measures how long the built daemon takes to start on this catalog and answer a first question; then ends it. */
async function startDaemon(what: string): Promise<void> {
  const start = performance.now();
  const daemon = spawn(process.execPath, [join(root, 'dist/main.js')], {
    env: { NODE_COMPILE_CACHE: join(folder, 'cache'), ...process.env }, // as a client starts it
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const ended = once(daemon, 'exit');
  try {
    while (readDiscovery(discoveryFile())?.pid !== daemon.pid && daemon.exitCode === null) await setTimeout(5);
    const client = await connect({ start: false });
    await client.call(list, {});
    say(`start the daemon ${what}, until it lists adapters`, ms(performance.now() - start));
    await client.close();
  } finally {
    daemon.kill('SIGTERM');
    await ended;
  }
}

const folder = mkdtempSync(join(flags.dir, 'vera-bench-catalog-'));
process.env['VERA_HOME'] = folder;
try {
  const file = join(folder, 'catalog', 'catalog.db');
  let catalog = await openCatalog(file);
  const owners: Owners = { userIds: [], projectIds: [] };
  await catalog.change(async (change) => {
    owners.userIds.push(await ensureUser(change));
    for (let i = 0; i < 9; i++) owners.userIds.push((await createUser(change, { name: `user ${i}` }, 'bench')).id);
    for (let i = 0; i < 50; i++) owners.projectIds.push(await projectOfFolder(change, join(folder, `project ${i}`)));
  });
  const reopen = async (what: string): Promise<void> => {
    const closing = performance.now();
    await catalog.close();
    say('close', ms(performance.now() - closing));
    const start = performance.now();
    catalog = await openCatalog(file);
    await adapters.listAdapters(catalog.db, { limit: 50, deleted: false });
    say(`open ${what} and list the first page`, ms(performance.now() - start));
    for (const note of catalog.notes) console.log(`  note: ${note}`);
  };

  console.log(`\n${LARGE} adapters of ${smol.what}, r ${smol.rank}, q and v: ${smol.parameters} numbers each`);
  await fill(catalog, smol, LARGE, owners);
  sizes(catalog, [[smol, LARGE]]);
  await reopen(`with ${LARGE}`);
  await questions(catalog, smol, LARGE, owners);

  console.log(`\nand ${SMALL} of the ${demo.what}, r ${demo.rank}, q and v: ${demo.parameters} numbers each`);
  await fill(catalog, demo, SMALL, owners);
  sizes(catalog, [[smol, LARGE], [demo, SMALL]]); // prettier-ignore
  await reopen(`with ${LARGE + SMALL}`);
  await questions(catalog, demo, SMALL, owners);
  await reopen('again');
  say('memory of this process', `${(Number(/VmRSS:\s+(\d+)/.exec(readStatus())?.[1] ?? 0) / 1024).toFixed(0)} MB`);
  await catalog.close();
  for (const what of ['for the first time', 'again', 'and again']) await startDaemon(what);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function readStatus(): string {
  return existsSync('/proc/self/status') ? readFileSync('/proc/self/status', 'utf8') : '';
}
