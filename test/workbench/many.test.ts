// Slow: needs a browser and VS Code.
/**
 * A hundred-odd adapters and dozens of runs: found, renamed, moved and deleted by keyboard, while a run goes. Each test continues
 * where the one before ended.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Page } from 'playwright-core';
import { type Client, connect } from '../../daemon/client/connect.ts';
import * as adapters from '../../daemon/protocol/adapters.ts';
import * as jobs from '../../daemon/protocol/jobs.ts';
import * as runs from '../../daemon/protocol/runs.ts';
import { root } from '../sources.ts';
import { crowd } from './crowd.ts';
import { questions } from './data.ts';
import {
  chooseFromMenu,
  command,
  explorerRow,
  panel,
  PATIENCE,
  pickLine,
  quickPick,
  showSideBar,
  viewRow,
  widenSideBar,
} from './driver.ts';
import { LONG, type Session, startSession } from './session.ts';

const ADAPTERS = 200;
const RUNS = 40;
let session: Session;
let page: Page;
let client: Client;

before(async () => {
  const settings = { 'veraStudio.preset': 'balanced', 'veraStudio.baseModel': join(root, 'daemon/demo') };
  session = await startSession('many', { 'questions.jsonl': questions(396) }, { settings });
  ({ page } = session);
  const { home, workspace } = session.workbench;
  await crowd({ home, workspace, adapters: ADAPTERS, runs: RUNS });
});
after(async () => {
  await client?.close();
  await session?.close();
});

const count = async (filter: { search?: string; deleted?: boolean }): Promise<number> =>
  (await client.call(adapters.list, { ...filter, limit: 500 })).items.length;
const runsListed = async (): Promise<number> =>
  (await client.call(jobs.list, { kinds: ['train'], limit: 500 })).items.length;
const answer = async (text: string): Promise<void> => {
  const input = quickPick(page).locator('input').first();
  await input.waitFor({ timeout: PATIENCE });
  await input.fill(text);
  await page.waitForTimeout(300);
  await page.keyboard.press('Enter');
};
/** Narrows the view that has the focus, by keyboard. */
const filter = async (words: string, told: string): Promise<void> => {
  await page.keyboard.press('Control+f');
  await pickLine(page, /Show what contains|good|Training|Failed/).waitFor({ timeout: PATIENCE });
  await answer(words);
  await page.locator('.pane-header .description', { hasText: told }).first().waitFor({ timeout: PATIENCE });
};
const dialog = () => page.locator('.monaco-dialog-box');

test('while a run goes, its tooltip appears and stays, and the row keeps its name', { timeout: LONG }, async () => {
  await explorerRow(page, 'questions.jsonl').click();
  await chooseFromMenu(page, explorerRow(page, 'questions.jsonl'), 'Fine-tune with VeRA...');
  await pickLine(page, /about .* of memory/).waitFor({ timeout: PATIENCE });
  await page.keyboard.press('Enter');
  await session.until('steps', session.shownStep, (step) => step > 0, LONG);
  client = await connect({ start: false });
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

test('a run is paused, renamed and resumed from the palette', { timeout: LONG }, async () => {
  await command(page, 'VeRA Studio: Pause Run');
  await pickLine(page, /questions-vera/).waitFor({ timeout: PATIENCE });
  await page.keyboard.press('Space');
  await page.keyboard.press('Enter');
  const state = async (): Promise<string> => (await client.call(jobs.list, { limit: 1 })).items[0]!.state;
  await session.until('the pause', state, (word) => word === 'paused', LONG);
  await command(page, 'VeRA Studio: Rename Run...');
  await pickLine(page, /questions-vera/).click();
  await answer('services');
  await viewRow(page, /^services/).waitFor({ timeout: PATIENCE });
  await panel(page).locator('h1', { hasText: 'services' }).waitFor({ timeout: PATIENCE });
  await page.locator('.tab', { hasText: 'services' }).waitFor({ timeout: PATIENCE });
  await command(page, 'VeRA Studio: Resume Run');
  await pickLine(page, /services/).waitFor({ timeout: PATIENCE });
  await page.keyboard.press('Space');
  await page.keyboard.press('Enter');
  await session.until('the end', state, (word) => word === 'succeeded', LONG);
  assert.equal(await count({ search: 'services' }), 1);
});

test(
  '160 of 200 adapters are filtered and deleted by keyboard, with one question, and come back',
  { timeout: LONG },
  async () => {
    await viewRow(page, /^draft-/).click({ timeout: PATIENCE });
    await filter('draft', `160 of ${ADAPTERS + 1}: “draft”`);
    await session.shot('many-filtered');
    await page.keyboard.press('Control+a');
    await page.keyboard.press('Delete');
    await dialog().getByText('Delete 160 adapters?').waitFor({ timeout: PATIENCE });
    await session.shot('many-delete');
    await page.keyboard.press('Enter');
    await session.until(
      'all in the trash',
      () => count({ deleted: true }),
      (some) => some === 160,
    );
    assert.equal(await count({}), ADAPTERS + 1 - 160);
    await page
      .locator('.notification-toast', { hasText: '160 adapters are in the trash' })
      .waitFor({ timeout: PATIENCE });
    await page.locator('.notification-toast').getByText('Undo').click();
    await session.until(
      'all back',
      () => count({}),
      (some) => some === ADAPTERS + 1,
    );
    await command(page, 'VeRA Studio: Show All Adapters');
    await viewRow(page, /^keep-/).waitFor({ timeout: PATIENCE });
  },
);

test(
  'the adapter with the focus is renamed with F2, and moved to a new project by keyboard',
  { timeout: LONG },
  async () => {
    await viewRow(page, /^draft-/).click({ timeout: PATIENCE });
    await filter('keep', `40 of ${ADAPTERS + 1}`);
    // The arrow moves the focus and leaves the selection.
    await viewRow(page, /^keep-200/).click();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('F2');
    await quickPick(page).getByText('Rename keep-190').waitFor({ timeout: PATIENCE });
    await answer('renamed');
    await session.until(
      'the name',
      () => count({ search: 'renamed' }),
      (some) => some === 1,
    );
    await command(page, 'VeRA Studio: Move to Another Project...');
    await quickPick(page).locator('input').first().fill('renamed');
    await pickLine(page, 'keep-200').waitFor({ state: 'detached', timeout: PATIENCE });
    await page.keyboard.press('Space');
    await page.keyboard.press('Enter');
    await pickLine(page, 'New project...').click();
    await answer('verses');
    await session.until(
      'the project',
      async () => (await client.call(adapters.get, { adapter: 'renamed' })).project,
      (project) => project === 'verses',
    );
    await command(page, 'VeRA Studio: Show All Adapters');
    await viewRow(page, /^verses$/).waitFor({ timeout: PATIENCE });
  },
);

test('40 runs are filtered, sorted and deleted by keyboard', { timeout: LONG }, async () => {
  await viewRow(page, /^services/).click();
  assert.equal(await runsListed(), RUNS + 1);
  await viewRow(page, /^poem-40/).click({ modifiers: ['Control'] });
  await filter('poem', `${RUNS} of ${RUNS + 1}: “poem”`);
  await session.shot('many-runs');
  await page.keyboard.press('Control+a');
  await page.keyboard.press('Delete');
  await dialog().getByText(`Delete ${RUNS} runs?`).waitFor({ timeout: PATIENCE });
  await page.keyboard.press('Enter');
  await session.until('the runs gone', runsListed, (some) => some === 1);
  assert.equal((await client.call(runs.list, { deleted: true, limit: 500 })).items.length, RUNS);
  await command(page, 'VeRA Studio: Show All Runs');
  await viewRow(page, /^services/).waitFor({ timeout: PATIENCE });
  await viewRow(page, /^poem/).waitFor({ state: 'detached', timeout: PATIENCE });
});
