/**
 * Makes test/fixtures/panel/recording.json: the events of four real training runs of the demo model, where their adapters
 * learned, and their costs beside LoRA. `node test/panel/record.ts`, a few minutes on two cores.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { cacheFolder } from '../../daemon/home.ts';
import { DEMO_MODEL, demoSettings } from '../../daemon/demo/run.ts';
import { loadAdapter } from '../../daemon/export/adapter.ts';
import { type Learned, learned } from '../../daemon/methods/learned.ts';
import { adapterMethod } from '../../daemon/methods/registry.ts';
import { type Savings, savings } from '../../daemon/methods/savings.ts';
import { resolveBase } from '../../daemon/models/resolve.ts';
import type { RunEvent } from '../../daemon/protocol/runEvents.ts';
import { startTraining } from '../../daemon/train/supervise.ts';

export interface RecordedRun {
  name: string;
  settings: Record<string, unknown>;
  events: RunEvent[];
  savings: Savings;
  /** Of the ranks of LoRA. */
  baselines: Savings[];
  /** null for LoRA. */
  learned: Learned | null;
}

const STEPS = 150;
const RUNS = [
  { name: 'VeRA 64', method: 'vera', rank: 64 },
  { name: 'VeRA 16', method: 'vera', rank: 16 },
  { name: 'LoRA 8', method: 'lora', rank: 8, lr: 2e-3 },
  { name: 'VeRA 64, slow', method: 'vera', rank: 64, lrB: 0.01, lrD: 0.005 },
] as const;

const root = resolve(import.meta.dirname, '../..');
const base = await resolveBase(DEMO_MODEL, { cache: cacheFolder() });
const recorded: RecordedRun[] = [];
for (const { name, ...given } of RUNS) {
  const out = mkdtempSync(join(tmpdir(), 'vera-record-'));
  const {
    lrB = 0.1,
    lrD = 0.05,
    alpha: _,
    ...demo
  } = demoSettings({ base: DEMO_MODEL, data: join(root, 'daemon/protocol'), out, steps: STEPS });
  const rates = given.method === 'vera' ? { lrB, lrD } : {};
  const settings = {
    ...demo,
    ...rates,
    alpha: given.rank,
    warmup: 10,
    evalEvery: 15,
    evalBatches: 8,
    ...given,
    samplePrompts: ["import { z } from 'zod';\n\nexport const", '/** Bytes of '],
  };
  const events: RunEvent[] = [];
  await startTraining(settings, false, (event) => events.push(event)).ended;
  const { adapter } = loadAdapter(settings.out, base);
  const method = adapterMethod(adapter.method);
  recorded.push({
    name,
    settings: { ...settings, data: 'protocol', base: 'demo', out: `runs/${recorded.length + 1}` },
    events: events.map((event) => plain(event, out)),
    savings: savings(method, adapter.sites, adapter.options),
    baselines: [1, 4, 8, 16, 64].map((rank) => savings(adapterMethod('lora'), adapter.sites, { rank })),
    learned: learned(method, adapter.sites, adapter.options, adapter.theta),
  });
  rmSync(out, { recursive: true, force: true });
  console.log(name, events.at(-1));
}
const file = join(root, 'test/fixtures/panel/recording.json');
mkdirSync(dirname(file), { recursive: true });
writeFileSync(
  file,
  JSON.stringify(recorded, (_key, value: unknown) =>
    typeof value === 'number' ? Number(value.toPrecision(6)) : value,
  ) + '\n',
);

/** The event without names of this machine's folders. */
function plain(event: RunEvent, out: string): RunEvent {
  const text = JSON.stringify(event)
    .replaceAll(JSON.stringify(out).slice(1, -1), 'runs')
    .replaceAll(JSON.stringify(root).slice(1, -1), '.');
  return JSON.parse(text) as RunEvent;
}
