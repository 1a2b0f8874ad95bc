/**
 * Estimated against measured time and memory of six short runs: the bundled model, and SmolLM2-135M as a folder and as a GGUF file that is
 * converted first; on code and on chats. Let nothing else run meanwhile: `npm run bench:estimates`, or with a part of a name
 * (`npm run bench:estimates -- GGUF`) only the runs that have it.
 */
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cacheFolder } from '../../daemon/home.ts';
import { PHASES, runSeconds } from '../../daemon/protocol/runTime.ts';
import type { RunEventOf } from '../../daemon/protocol/runEvents.ts';
import { bytesText, durationText } from '../../daemon/protocol/text.ts';
import { ggufToFolder } from '../../daemon/models/gguf/convert.ts';
import { openPlanning } from '../../daemon/train/planning.ts';
import { planTraining } from '../../daemon/train/plan.ts';
import { completeSettings } from '../../daemon/train/settings.ts';
import { startTraining } from '../../daemon/train/supervise.ts';

const HERE = import.meta.dirname;
const SOURCES = join(HERE, '../../daemon/train');
const GGUF = join(HERE, '../.models/SmolLM2-135M-Instruct.Q4_1.gguf');
const WITHIN = 0.25;

const work = mkdtempSync(join(tmpdir(), 'vera-estimates-'));
process.on('exit', () => rmSync(work, { recursive: true, force: true }));

/** Chats about source files, of everyday lengths. */
function writeChats(file: string): string {
  const rows = readdirSync(SOURCES)
    .filter((name) => name.endsWith('.ts'))
    .flatMap((name) => {
      const lines = readFileSync(join(SOURCES, name), 'utf8').split('\n');
      return Array.from({ length: Math.ceil(lines.length / 20) }, (_, i) => ({
        messages: [
          { role: 'user', content: `What stands in ${name} from line ${20 * i + 1} on?` },
          { role: 'assistant', content: lines.slice(20 * i, 20 * i + 20).join('\n') },
        ],
      }));
    });
  writeFileSync(file, rows.map((row) => JSON.stringify(row)).join('\n'));
  return file;
}

/** Measures one run. Its state folder is new, so nothing is known of this machine or the base. */
async function measure(name: string, base: string, data: string, steps: number): Promise<boolean> {
  process.env['VERA_HOME'] = mkdtempSync(join(work, 'home-'));
  const shape = { length: 256, evalEvery: Math.ceil(steps / 2), evalBatches: 3, sampleTokens: 32, rank: 64, steps };
  const settings = completeSettings({ base, data, out: join(process.env['VERA_HOME'], 'run'), ...shape });
  const planning = openPlanning([], true);
  const plan = await planTraining(settings, { cache: cacheFolder(), planning });
  await planning.close();
  const events: { done?: RunEventOf<'done'>; report?: RunEventOf<'report'>; point?: number } = {};
  const begin = performance.now();
  const since = (): number => (performance.now() - begin) / 1000;
  await startTraining(settings, false, (event) => {
    if (event.event === 'done') events.done = event;
    if (event.event === 'report') events.report = event;
    if (event.event === 'eval' || (event.event === 'progress' && event.heldOutLoss !== undefined))
      events.point ??= since();
  }).ended;
  const took = since();
  const estimate = runSeconds(plan.time!, steps);
  const [memory, peak] = [plan.memory.total, events.done!.peakRssBytes];
  console.log(
    `${name.padEnd(24)} time ${durationText(estimate)} estimated, ${durationText(took)} measured (${ratio(estimate, took)}); ` +
      `memory ${bytesText(memory)} estimated, ${bytesText(peak)} measured (${ratio(memory, peak)}); first loss after ${durationText(events.point!)}`,
  );
  const seconds = events.report!.seconds!;
  console.log(
    `  ${PHASES.map((phase) => `${phase} ${seconds.estimate[phase].toFixed(1)}/${seconds.measured[phase].toFixed(1)}`).join('  ')} s`,
  );
  rmSync(process.env['VERA_HOME'], { recursive: true, force: true });
  return isNear(estimate, took) && isNear(memory, peak);
}

const ratio = (estimate: number, measured: number): string => (estimate / measured).toFixed(2);
const isNear = (estimate: number, measured: number): boolean => Math.abs(estimate / measured - 1) <= WITHIN;

const chats = writeChats(join(work, 'chats.jsonl'));
const code = join(work, 'code'); // a copy, so that somebody may edit the sources meanwhile
cpSync(SOURCES, code, { recursive: true });
const demo = join(HERE, '../../daemon/demo');
const runs: { name: string; base: () => Promise<string> | string; data: string; steps: number }[] = [
  { name: 'demo model, code', base: () => demo, data: code, steps: 30 },
  { name: 'demo model, chats', base: () => demo, data: chats, steps: 30 },
];
if (existsSync(GGUF)) {
  const folder = async (): Promise<string> => {
    const place = join(work, 'smollm2');
    if (!existsSync(place)) await ggufToFolder(GGUF, place);
    return place;
  };
  for (const [kind, data] of [
    ['code', code],
    ['chats', chats],
  ] as const) {
    runs.push({ name: `SmolLM2 folder, ${kind}`, base: folder, data, steps: 4 });
    runs.push({ name: `SmolLM2 GGUF, ${kind}`, base: () => GGUF, data, steps: 4 });
  }
} else console.log(`SmolLM2 is left out: ${GGUF} is not there (npm run test:models fetches it)`);

const [only = ''] = process.argv.slice(2);
let failed = 0;
for (const { name, base, data, steps } of runs.filter(({ name }) => name.includes(only)))
  failed += (await measure(name, await base(), data, steps)) ? 0 : 1;
console.log(failed === 0 ? `All are within ${100 * WITHIN} %.` : `${failed} differ by more than ${100 * WITHIN} %.`);
