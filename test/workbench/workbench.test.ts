// Slow: needs a browser and VS Code.
/** A person's way through the packaged extension in a real VS Code. Each test continues where the one before ended. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Locator, Page } from 'playwright-core';
import { questions, sources } from './data.ts';
import {
  chooseFromMenu,
  command,
  explorerRow,
  openWorkbench,
  panel,
  PATIENCE,
  pickLine,
  quickPick,
  showSideBar,
  statusBar,
  viewRow,
  widenSideBar,
} from './driver.ts';
import type { Workbench } from './server.ts';
import { LONG, type Session, startSession } from './session.ts';

let session: Session;
let page: Page;
let workbench: Workbench;

before(async () => {
  session = await startSession('first', {
    'questions.jsonl': questions(396),
    'wrong.jsonl': '{"prompt": "What is a rank?", "completion": "A number."}\n{"prompt": "And a seed?"}\n',
    ...sources(12),
  });
  ({ page, workbench } = session);
});
after(() => session?.close());

const shot = (name: string): Promise<void> => session.shot(name);
/** What a screen reader says about the latest point of the loss. */
const lossPoint = (): Promise<string> =>
  panel(page)
    .locator('[role="slider"][aria-label="Loss"]')
    .getAttribute('aria-valuetext', { timeout: 2000 })
    .then((text) => text ?? '');

test('what is wrong with the data is shown before anything starts', { timeout: LONG }, async () => {
  await chooseFromMenu(page, explorerRow(page, 'wrong.jsonl'), 'Fine-tune with VeRA');
  await pickLine(page, /Line 2: /).waitFor({ timeout: PATIENCE });
  await shot('problems');
  await page.keyboard.press('Enter');
  await page.locator('.tab.active', { hasText: 'wrong.jsonl' }).waitFor({ timeout: PATIENCE });
  await session.until(
    'the line is marked',
    () => page.locator('.monaco-editor[data-uri$="wrong.jsonl"] .squiggly-error').count(),
    (count) => count > 0,
  );
  const lens = page.locator('.codelens-decoration a', { hasText: 'Fine-tune' }).first();
  await lens.waitFor({ timeout: PATIENCE });
  await shot('dataset');
  await lens.click();
  await pickLine(page, /Line 2: /).waitFor({ timeout: PATIENCE });
  await page.keyboard.press('Escape');
});

test('the lens of a dataset says how long it takes', { timeout: LONG }, async () => {
  await explorerRow(page, 'questions.jsonl').dblclick();
  await page.locator('.tab.active', { hasText: 'questions.jsonl' }).waitFor({ timeout: PATIENCE });
  const lens = (text: RegExp): Locator => page.locator('.codelens-decoration', { hasText: text }).first();
  await lens(/396 rows · prompt and completion/).waitFor({ timeout: PATIENCE });
  await lens(/[\d,.]+K? tokens, [\d,.]+K? counted in the loss/).waitFor({ timeout: PATIENCE });
  await lens(/about .* an epoch/).waitFor({ timeout: PATIENCE });
  await shot('lens');
  await command(page, 'View: Close Editor');
});

test('a folder of code is data too', { timeout: LONG }, async () => {
  await chooseFromMenu(page, explorerRow(page, 'src'), 'Fine-tune with VeRA');
  await pickLine(page, /code: .*\d+/).waitFor({ timeout: PATIENCE });
  await page.keyboard.press('Escape');
});

test('right-click, Enter, and points arrive', { timeout: LONG }, async () => {
  await chooseFromMenu(page, explorerRow(page, 'questions.jsonl'), 'Fine-tune with VeRA');
  await pickLine(page, /about .* of memory · adapter of/).waitFor({ timeout: PATIENCE });
  await pickLine(page, /prompt and completion: \d+ rows/).waitFor({ timeout: PATIENCE });
  await shot('start');
  await page.keyboard.press('Enter');
  await panel(page).locator('h1', { hasText: 'questions-vera' }).waitFor({ timeout: PATIENCE });
  await session.until('a point', lossPoint, (text) => /train/.test(text), LONG);
  const first = await session.shownStep();
  await session.until('another', session.shownStep, (step) => step > first, LONG);
  await statusBar(page, /VeRA \d+%/).waitFor({ timeout: PATIENCE });
});

/** VS Code in a browser has stored its open editors after so many milliseconds. */
const STORES_MS = 7000;

/** The job workers of a daemon. */
const workersOf = (daemon: number): number[] =>
  readdirSync('/proc')
    .map(Number)
    .filter((pid) => {
      try {
        const parent = Number(/^PPid:\s*(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
        return parent === daemon && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('jobWorker');
      } catch {
        return false; // no process, or it has ended meanwhile
      }
    });

test('a window that is loaded again in mid-run finds everything', { timeout: LONG }, async () => {
  // VS Code stores its open editors every five seconds. The run stands still meanwhile, or a quick machine would end it first.
  const workers = workersOf(workbench.daemonPid()!);
  assert.ok(workers.length > 0);
  workers.forEach((pid) => process.kill(pid, 'SIGSTOP'));
  await page.waitForTimeout(STORES_MS);
  workers.forEach((pid) => process.kill(pid, 'SIGCONT'));
  const before = await session.shownStep();
  await page.reload();
  await openWorkbench(page, workbench.url);
  await session.until('points after the reload', lossPoint, (text) => /train/.test(text), LONG);
  assert.ok((await session.shownStep()) >= before);
  await statusBar(page, /VeRA \d+%/).waitFor({ timeout: PATIENCE });
});

test('a daemon that is killed in mid-run comes back, and the run with it', { timeout: 2 * LONG }, async () => {
  await session.until('a checkpoint', session.shownStep, (step) => step >= 12, LONG);
  const pid = workbench.daemonPid();
  assert.ok(pid !== undefined);
  assert.equal(await session.stateWord(), 'Running');
  process.kill(pid, 'SIGKILL');
  await session.until(
    'another daemon',
    async () => workbench.daemonPid() ?? pid,
    (now) => now !== pid,
  );
  await showSideBar(page, 'VeRA Studio');
  await widenSideBar(page, 110);
  await session.until('the end of the run', session.stateWord, (word) => word === 'Done', LONG);
  assert.equal(await session.shownStep(), 50);
});

test('what it saved, where it learned, what it writes', { timeout: LONG }, async () => {
  const savings = panel(page).getByRole('table', { name: /^Costs of this run/ });
  await savings.waitFor({ timeout: PATIENCE });
  const text = await savings.innerText();
  for (const expected of ['VeRA 64', 'LoRA 16', 'Trainable parameters', 'measured'])
    assert.match(text, new RegExp(expected));
  await panel(page).getByText('Where it learned').first().waitFor({ timeout: PATIENCE });
  await shot('panel-dark');
  await savings.evaluate((table) => table.scrollIntoView({ block: 'center' }));
  await shot('savings-dark');
  await panel(page)
    .getByText('Samples before and after')
    .first()
    .evaluate((title) => title.scrollIntoView());
  await shot('samples-dark');
});

test('the adapter is activated from the view', { timeout: LONG }, async () => {
  const row = viewRow(page, /VeRA 64 · /);
  await row.waitFor({ timeout: PATIENCE });
  await chooseFromMenu(page, row, 'Activate');
  await viewRow(page, /active · VeRA 64/).waitFor({ timeout: PATIENCE });
  await statusBar(page, /questions/).waitFor({ timeout: PATIENCE });
  await panel(page).locator('.active-mark').waitFor({ timeout: PATIENCE });
  await panel(page).locator('.run-header').scrollIntoViewIfNeeded();
  await shot('views');
});

test('merging: what it loses is said before, what the check found after', { timeout: LONG }, async () => {
  await chooseFromMenu(page, viewRow(page, /active · VeRA 64/), 'Merge into Model');
  // The sentence is broken into lines that can be read whole; the heading above them stands inside the first of them.
  await session.until(
    'what it loses',
    () => quickPick(page).innerText(),
    (text) => /cannot be removed or switched/.test(text.replace('What is written', '').replace(/\s+/g, ' ')),
  );
  await page.keyboard.press('Enter');
  const done = page.locator('.notification-toast', { hasText: 'Written to' });
  await done.waitFor({ timeout: LONG });
  assert.match(await done.innerText(), /differ from those of the base with the adapter by at most \d/);
  await shot('merged');
  await done.getByRole('button', { name: 'Use It...' }).click();
  await pickLine(page, 'generate --base').waitFor({ timeout: PATIENCE });
  await page.keyboard.press('Escape');
  const folders = ['config.json', 'model.safetensors', 'tokenizer.json'].map((file) =>
    join(workbench.workspace, 'questions-vera-merge', file),
  );
  for (const file of folders) assert.ok(existsSync(file), file);
});

test('exporting for PEFT, from the panel', { timeout: LONG }, async () => {
  await command(page, 'Notifications: Clear All Notifications');
  await panel(page).locator('vscode-button', { hasText: 'Export...' }).click();
  await pickLine(page, 'Adapter for Hugging Face PEFT').waitFor({ timeout: PATIENCE });
  await shot('export');
  await page.keyboard.press('Enter');
  await pickLine(page, 'Store the frozen matrices').waitFor({ timeout: PATIENCE });
  await page.keyboard.press('Enter');
  await pickLine(page, 'a new folder').waitFor({ timeout: PATIENCE });
  await page.keyboard.press('Enter');
  await page.locator('.notification-toast', { hasText: /Written to .*peft/ }).waitFor({ timeout: LONG });
  assert.ok(existsSync(join(workbench.workspace, 'questions-vera-peft', 'adapter_config.json')));
});

test('light', { timeout: LONG }, async () => {
  await command(page, 'Notifications: Clear All Notifications');
  await command(page, 'Preferences: Toggle between Light/Dark Themes');
  await panel(page).locator('body.vscode-light').waitFor({ timeout: PATIENCE });
  await panel(page).locator('.run-header').scrollIntoViewIfNeeded();
  await shot('panel-light');
});

/** Milliseconds that each extension took to activate, as VS Code says. */
async function activations(): Promise<Map<string, number>> {
  await command(page, 'Developer: Show Running Extensions');
  const rows = page.locator('.runtime-extensions-editor .monaco-list-row');
  await rows.filter({ hasText: 'VeRA Studio' }).waitFor({ timeout: PATIENCE });
  const texts = await rows.allInnerTexts();
  return new Map(
    texts.flatMap((text) => {
      const [, milliseconds] = /Activation:\s*(\d+)\s*ms/.exec(text) ?? [];
      return milliseconds === undefined ? [] : [[text.split('\n')[0]!.trim(), Number(milliseconds)] as const];
    }),
  );
}

test('activation takes less than 100 ms', { timeout: LONG }, async () => {
  // Measured by the clock while a window starts many things at once. On a busy machine, compare with VS Code's own extensions.
  const measured: string[] = [];
  for (let i = 0; i < 4; i++) {
    const { 'VeRA Studio': ours, ...others } = Object.fromEntries(await activations());
    assert.ok(ours !== undefined);
    const slowest = Math.max(...Object.values(others));
    measured.push(`${ours} ms (the slowest other: ${slowest} ms)`);
    if (ours < 100 || ours < slowest) break;
    await page.reload();
    await openWorkbench(page, workbench.url);
    await page.waitForTimeout(2000);
    assert.ok(i < 3, measured.join('; '));
  }
  console.log(`activation: ${measured.join('; ')}`);
});
