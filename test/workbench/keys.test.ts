// Slow: needs a browser and VS Code.
/** 200 adapters and 40 runs: filtered, selected, deleted, brought back and renamed by keyboard. Each test continues where the one before ended. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Locator, Page } from 'playwright-core';
import { type Client, connect } from '../../daemon/client/connect.ts';
import * as adapters from '../../daemon/protocol/adapters.ts';
import * as jobs from '../../daemon/protocol/jobs.ts';
import * as runs from '../../daemon/protocol/runs.ts';
import { crowd } from './crowd.ts';
import { command, PATIENCE, pickLine, quickPick, showSideBar, viewRow, widenSideBar } from './driver.ts';
import { LONG, type Session, startSession } from './session.ts';

const ADAPTERS = 200;
const RUNS = 40;
let session: Session;
let page: Page;
let client: Client;

before(async () => {
  session = await startSession('keys', { 'notes.md': 'A folder that is open.' });
  ({ page } = session);
  const { home, workspace } = session.workbench;
  await crowd({ home, workspace, adapters: ADAPTERS, runs: RUNS });
  await showSideBar(page, 'VeRA Studio');
  await widenSideBar(page, 160);
});
after(async () => {
  await client?.close();
  await session?.close();
});

const pane = (title: string): Locator =>
  page.locator('.pane', { has: page.locator(`.pane-header[aria-label^="${title}"]`) });
const rows = (title: string, state: 'focused' | 'selected'): Locator =>
  pane(title).locator(`.monaco-list-row.${state}`);
/** Moves the focus into a view, to its first row. */
const focusOn = async (title: string): Promise<void> => {
  await command(page, `Focus on ${title} View`);
  await pane(title).locator('.monaco-list:focus').waitFor({ timeout: PATIENCE });
  await page.keyboard.press('Home');
  await rows(title, 'focused').waitFor({ timeout: PATIENCE });
};
const answer = async (title: string, text: string, line?: string): Promise<void> => {
  await quickPick(page).getByText(title).first().waitFor({ timeout: PATIENCE });
  await quickPick(page).locator('input').first().fill(text);
  if (line !== undefined) await pickLine(page, line).and(page.locator('.focused')).waitFor({ timeout: PATIENCE });
  await page.keyboard.press('Enter');
};
const told = (title: string, text: string): Promise<void> =>
  pane(title).locator('.pane-header .description', { hasText: text }).waitFor({ timeout: PATIENCE });
const question = (text: string): Promise<void> =>
  page.locator('.monaco-dialog-box').getByText(text).waitFor({ timeout: PATIENCE });

const adaptersListed = async (filter: { search?: string; deleted?: boolean } = {}): Promise<number> =>
  (await client.call(adapters.list, { ...filter, limit: 500 })).items.length;
const runsListed = async (): Promise<number> =>
  (await client.call(jobs.list, { kinds: ['train'], limit: 500 })).items.length;

test(
  'adapters of two projects are filtered and deleted, with one question, and come back',
  { timeout: LONG },
  async () => {
    await command(page, 'VeRA Studio: Filter Adapters...');
    await answer('Filter Adapters', 'draft', 'Show what contains “draft”');
    await told('Adapters', `160 of ${ADAPTERS}: “draft”`);
    client = await connect({ start: false });
    await focusOn('Adapters');
    await page.keyboard.press('ArrowDown');
    await rows('Adapters', 'focused').filter({ hasText: 'draft-198' }).waitFor({ timeout: PATIENCE });
    // VS Code selects the rows of the project first, then the project too, then everything.
    for (let i = 0; i < 3; i++) await page.keyboard.press('Control+a');
    await rows('Adapters', 'selected').filter({ hasText: 'notes' }).waitFor({ timeout: PATIENCE });
    await session.shot('many-filtered');
    await page.keyboard.press('Delete');
    await question('Delete 160 adapters?');
    await session.shot('many-delete');
    await page.keyboard.press('Enter');
    const deleted = (): Promise<number> => adaptersListed({ deleted: true });
    await session.until('all in the trash', deleted, (count) => count === 160);
    assert.equal(await adaptersListed(), ADAPTERS - 160);
    const toast = page.locator('.notification-toast', { hasText: '160 adapters are in the trash' });
    await toast.getByText('Undo').click({ timeout: PATIENCE });
    await session.until('all back', adaptersListed, (count) => count === ADAPTERS);
    await command(page, 'VeRA Studio: Show All Adapters');
    await viewRow(page, /^keep-200/).waitFor({ timeout: PATIENCE });
  },
);

test('of some that are selected, the adapter with the focus is renamed', { timeout: LONG }, async () => {
  await focusOn('Adapters');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Shift+ArrowDown');
  await page.keyboard.press('Shift+ArrowDown');
  await rows('Adapters', 'focused').filter({ hasText: 'draft-196' }).waitFor({ timeout: PATIENCE });
  await page.keyboard.press('F2');
  await answer('Rename draft-196', 'renamed');
  await viewRow(page, /^renamed/).waitFor({ timeout: PATIENCE });
  assert.equal(await adaptersListed({ search: 'renamed' }), 1);
});

test('runs are filtered and deleted', { timeout: LONG }, async () => {
  await focusOn('Runs');
  await page.keyboard.press('Control+f');
  await answer('Filter Runs', 'poem-1', 'Show what contains “poem-1”');
  await told('Runs', `11 of ${RUNS}: “poem-1”`);
  await focusOn('Runs');
  await page.keyboard.press('Control+a');
  await page.keyboard.press('Delete');
  await question('Delete 11 runs?');
  await page.keyboard.press('Enter');
  await session.until('the runs gone', runsListed, (count) => count === RUNS - 11);
  assert.equal((await client.call(runs.list, { deleted: true, limit: 500 })).items.length, 11);
  await command(page, 'VeRA Studio: Show All Runs');
  await viewRow(page, /^poem-40/).waitFor({ timeout: PATIENCE });
  await viewRow(page, /^poem-19/).waitFor({ state: 'detached', timeout: PATIENCE });
  await session.shot('many-runs');
});
