// Slow: needs a browser.
/** 100,000 points in four runs, in a browser: when they are first seen, how long an update takes, and that nothing blocks. */
import assert from 'node:assert/strict';
import { availableParallelism, loadavg } from 'node:os';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { MAX_ROWS } from '../../daemon/protocol/panel.ts';
import type { Columns } from '../../daemon/protocol/metrics.ts';
import type { ToPanel } from '../../daemon/protocol/panel.ts';
import { panelHost } from './open.ts';
import { keyOf, runAfter } from './recording.ts';

const STEPS = 25_000;
const RUNS = 4;
/** A person notices a task of the main thread that takes longer. */
const BLOCKED = 50; // milliseconds
/**
 * Programs a core that want to run, above which a clock measures them and not the panel. The work of a task is then still held
 * to twice the bound: shared caches and hyperthreads make the same work take up to twice the processor's time.
 */
const CROWDED = 0.7;
const ATTEMPTS = 3;

const host = await panelHost();

/** Steps `from` up to `to` of a run: a falling loss with noise, an evaluation every hundredth step. Always the same. */
function rows(run: number, from: number, to: number): Columns {
  let state = (run + 1) * 7919 + from;
  const noise = (): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return state / 2 ** 32 - 0.5;
  };
  const columns: Columns = {
    step: [],
    loss: [],
    heldOutLoss: [],
    learningRate: [],
    gradientNorm: [],
    tokensPerSecond: [],
  };
  for (let step = from; step < to; step++) {
    const level = 1.5 + 2.5 * Math.exp(-step / (4000 + 1500 * run));
    columns.step.push(step);
    columns.loss.push(level + noise());
    columns.heldOutLoss.push(step % 100 === 0 ? level + 0.2 : null);
    columns.learningRate.push(0.004 * (1 - step / STEPS));
    columns.gradientNorm.push(0.3 + 0.2 * noise());
    columns.tokensPerSecond.push(2000 + 300 * noise());
  }
  return columns;
}

interface Measured {
  /** Milliseconds from the first message to the first frame with lines, and to the last row. */
  first: number;
  all: number;
  /** Of each update: from its message to the frame after it. */
  updates: number[];
  /** Tasks of the main thread over 50 ms. */
  long: { name: string; duration: number }[];
}

interface Attempt {
  readonly measured: Measured;
  /** Milliseconds of work of the main thread's longest task. */
  readonly work: number;
  /** Programs that wanted to run, a core. */
  readonly load: number;
}

async function attempt(): Promise<Attempt> {
  const { page, send } = await host.open();
  const runs = Array.from({ length: RUNS }, (_, place) => ({
    ...{
      ...runAfter(place, []),
      state: 'running' as const,
      progress: { step: STEPS, steps: 2 * STEPS, tokensPerSecond: 2000, secondsLeft: 60 },
    },
  }));
  await send({ type: 'state', runs, active: null, connection: 'connected', view: null });
  const history: ToPanel[] = [];
  for (let start = 1; start <= STEPS; start += MAX_ROWS) {
    for (let run = 0; run < RUNS; run++) {
      const columns = rows(run, start, Math.min(start + MAX_ROWS, STEPS + 1));
      history.push({ type: 'metrics', run: keyOf(run), reset: start === 1, columns });
    }
  }
  const live: ToPanel[] = Array.from({ length: 120 }, (_, i) => ({
    ...{
      type: 'metrics',
      run: keyOf(i % RUNS),
      reset: false,
      columns: rows(i % RUNS, STEPS + 1 + (i >> 2), STEPS + 2 + (i >> 2)),
    },
  }));
  // Parsed where the messages of a webview are: outside the tasks that are measured.
  await page.evaluate((all) => Object.assign(window, { all }), { history, live });
  await page.waitForTimeout(500);
  const load = loadavg()[0]! / availableParallelism();
  const trace = await tracing(page);
  const measured = await page.evaluate(measure);
  const tasks = await trace();
  assert.ok(tasks.length > 500, `the trace holds only ${tasks.length} tasks`);
  assert.equal(await page.locator('.runs-table tbody td.number').count(), 3 * RUNS);
  const chart = page.getByRole('slider', { name: 'Loss', exact: true });
  await chart.press('End');
  assert.equal(Number(await chart.getAttribute('aria-valuenow')), STEPS + 30);
  await page.context().close();
  return { measured, work: tasks[0]!.cpu, load };
}

const longest = ({ measured }: Attempt): number => Math.max(0, ...measured.long.map(({ duration }) => duration));

function report({ measured, work, load }: Attempt, worst: number): string {
  const sorted = measured.updates.toSorted((a, b) => a - b);
  const share = (part: number): string => (sorted[Math.floor(part * (sorted.length - 1))] ?? NaN).toFixed(1);
  return (
    `100,000 points in ${RUNS} runs: first lines after ${measured.first.toFixed(0)} ms, all after ${measured.all.toFixed(0)} ms; an update ` +
    `${share(0.5)} ms (median), ${share(0.95)} ms (95 %), ${share(1)} ms (longest); the main thread's longest task ${work.toFixed(1)} ms ` +
    `of work; tasks over ${BLOCKED} ms by the clock: ${measured.long.length}, longest ${worst.toFixed(0)} ms; load ${load.toFixed(1)} a core`
  );
}

// Other programs can only add to what is measured, so the best of three is nearest to the panel's own.
test('100,000 points in four runs: the main thread is never blocked for 50 ms', async () => {
  const problems: string[] = [];
  for (let i = 0; i < ATTEMPTS; i++) {
    const one = await attempt();
    console.log(report(one, longest(one)));
    const crowded = one.load > CROWDED;
    if (one.work >= BLOCKED * (crowded ? 2 : 1)) problems.push(`a task of the main thread worked for ${one.work} ms`);
    // By the clock, a task also takes the time in which other programs had the processor.
    else if (!crowded && longest(one) > 0)
      problems.push(`blocked for ${longest(one)} ms: ${JSON.stringify(one.measured.long)}`);
    else return;
  }
  assert.fail(problems.join('; '));
});

interface Task {
  /** Milliseconds on the clock, and of them those in which the processor worked on it. */
  wall: number;
  cpu: number;
}

/** The longest tasks of the page's main thread, as the browser's own trace has them; the answer ends the trace. */
async function tracing(page: Page): Promise<() => Promise<Task[]>> {
  const browser = await page.context().browser()!.newBrowserCDPSession();
  const events: {
    name: string;
    ph: string;
    pid: number;
    tid: number;
    dur?: number;
    tdur?: number;
    ts: number;
    args?: { name?: string };
  }[] = [];
  browser.on('Tracing.dataCollected', ({ value }) => events.push(...(value as unknown as typeof events)));
  await browser.send('Tracing.start', {
    transferMode: 'ReportEvents',
    traceConfig: {
      includedCategories: ['toplevel'],
    },
  });
  return async () => {
    const ended = new Promise((done) => browser.once('Tracing.tracingComplete', done));
    await browser.send('Tracing.end');
    await ended;
    const main = new Set(
      events
        .filter(({ name, args }) => name === 'thread_name' && args?.name === 'CrRendererMain')
        .map(({ pid, tid }) => `${pid} ${tid}`),
    );
    return events
      .filter(({ name, ph, pid, tid }) => ph === 'X' && name.endsWith('RunTask') && main.has(`${pid} ${tid}`))
      .map(({ dur = 0, tdur = 0 }) => ({ wall: dur / 1000, cpu: tdur / 1000 }))
      .sort((a, b) => b.cpu - a.cpu);
  };
}

/** Runs in the page. Sends the history as fast as an extension would, then live points, then zooms, hovers and switches. */
async function measure(): Promise<Measured> {
  const { history, live } = (window as unknown as { all: { history: unknown[]; live: unknown[] } }).all;
  const long: { name: string; duration: number }[] = [];
  const observer = new PerformanceObserver((list) => {
    for (const { duration, startTime } of list.getEntries())
      long.push({ name: `${phase} at ${Math.round(startTime)}`, duration });
  });
  let phase = 'history';
  observer.observe({ type: 'longtask' });
  const frame = (): Promise<number> => new Promise(requestAnimationFrame);
  const turn = (): Promise<void> => new Promise((done) => setTimeout(done));
  const start = performance.now();
  const lines = (): boolean => {
    const canvas = document.querySelector<HTMLCanvasElement>('.chart-loss canvas');
    return canvas !== null && document.querySelector('.runs-table td.number')?.textContent !== '–';
  };
  const sending = (async () => {
    for (const message of history) {
      window.postMessage(message);
      await turn();
    }
  })();
  while (!lines()) await frame();
  await frame();
  const first = performance.now() - start;
  await sending;
  const last = (): number => Number(document.querySelector('.chart-loss .plot')?.getAttribute('aria-valuemax'));
  while (last() < 25_000) await frame();
  const all = performance.now() - start;
  phase = 'live points';
  const updates: number[] = [];
  for (const message of live) {
    const sent = performance.now();
    window.postMessage(message);
    await turn();
    await frame();
    await frame();
    updates.push(performance.now() - sent);
  }
  for (let i = 0; i < 10; i++) await frame();
  phase = 'keys';
  const plot = document.querySelector('.chart-loss .plot')!;
  for (const key of ['Home', 'PageUp', '+', '+', '+', 'ArrowRight', 'ArrowRight', '-', 'Escape']) {
    plot.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
    for (let i = 0; i < 6; i++) await frame();
  }
  phase = 'pointer';
  const over = plot.querySelector('.u-over')!;
  const box = over.getBoundingClientRect();
  for (let x = 20; x < box.width; x += 40) {
    over.dispatchEvent(new MouseEvent('mousemove', { clientX: box.left + x, clientY: box.top + 50, bubbles: true }));
    await frame();
  }
  phase = 'switches';
  for (const button of document.querySelectorAll<HTMLElement>('.chart-loss .tools button')) {
    if (button.textContent === 'Show all') continue;
    button.click();
    for (let i = 0; i < 10; i++) await frame();
    button.click();
    for (let i = 0; i < 10; i++) await frame();
  }
  phase = 'smoothing';
  const slider = document.querySelector<HTMLInputElement>('input[type=range]')!;
  for (const value of ['0.5', '0.7', '0.99', '0']) {
    slider.value = value;
    slider.dispatchEvent(new Event('input'));
    for (let i = 0; i < 10; i++) await frame();
  }
  await new Promise((done) => setTimeout(done, 300));
  observer.disconnect();
  return { first, all, updates, long };
}
