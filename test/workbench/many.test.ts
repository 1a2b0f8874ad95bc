// Slow: needs a browser and VS Code.
/** The views with hundreds of adapters and dozens of runs, while a run goes. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Page } from 'playwright-core';
import { root } from '../sources.ts';
import { crowd } from './crowd.ts';
import { questions } from './data.ts';
import { chooseFromMenu, explorerRow, PATIENCE, pickLine, showSideBar, viewRow, widenSideBar } from './driver.ts';
import { LONG, type Session, startSession } from './session.ts';

const ADAPTERS = 200;
const RUNS = 40;
let session: Session;
let page: Page;

before(async () => {
  const settings = { 'veraStudio.preset': 'balanced', 'veraStudio.baseModel': join(root, 'daemon/demo') };
  session = await startSession('many', { 'questions.jsonl': questions(396) }, { settings });
  ({ page } = session);
  const { home, workspace } = session.workbench;
  await crowd({ home, workspace, adapters: ADAPTERS, runs: RUNS });
});
after(async () => {
  await session?.close();
});

test('while a run goes, its tooltip appears and stays, and the row keeps its name', { timeout: LONG }, async () => {
  await explorerRow(page, 'questions.jsonl').click();
  await chooseFromMenu(page, explorerRow(page, 'questions.jsonl'), 'Fine-tune with VeRA...');
  await pickLine(page, /about .* of memory/).waitFor({ timeout: PATIENCE });
  await page.keyboard.press('Enter');
  await session.until('steps', session.shownStep, (step) => step > 0, LONG);
  await showSideBar(page, 'VeRA Studio');
  await widenSideBar(page, 160);
  const running = viewRow(page, /^questions-vera.*\d+%/);
  await running.waitFor({ timeout: PATIENCE });
  const before = await session.shownStep();
  await running.hover();
  const tip = page.locator('.monaco-hover:visible', { hasText: 'questions.jsonl' }).first();
  await tip.waitFor({ timeout: PATIENCE });
  for (let i = 0; i < 12; i++) {
    await page.waitForTimeout(250);
    assert.ok(await tip.isVisible(), `the tooltip went after ${i} looks`);
  }
  assert.match(await tip.innerText(), /Base model: .*\n/);
  const after = await session.shownStep();
  assert.ok(after > before, `steps came meanwhile (${before} to ${after})`);
  await session.shot('many-tooltip');
});
