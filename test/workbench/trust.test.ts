// Slow: needs a browser and VS Code.
/** An untrusted workspace: a person can look at its files, but it starts nothing and decides nothing. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Locator, Page } from 'playwright-core';
import { temporaryFolder } from '../temporary.ts';
import { questions } from './data.ts';
import {
  chooseFromMenu,
  command,
  explorerRow,
  openWorkbench,
  PATIENCE,
  pickLine,
  quickPick,
  showSideBar,
} from './driver.ts';
import { LONG, type Session, startSession } from './session.ts';

const elsewhere = join(temporaryFolder(), 'elsewhere');
let session: Session;
let page: Page;

before(async () => {
  const settings = { 'veraStudio.daemon.stateFolder': elsewhere, 'veraStudio.baseModel': '/nowhere/model' };
  session = await startSession(
    'trust',
    { 'questions.jsonl': questions(30), '.vscode/settings.json': JSON.stringify(settings) },
    { trusted: false, settings: { 'veraStudio.inlineCompletion.withoutAdapter': true } },
  );
  ({ page } = session);
});
after(() => session?.close());

test(
  'before: nothing to start in menus, palette and views; a dataset is checked, by the daemon of the user',
  { timeout: LONG },
  async () => {
    await page.locator('.statusbar-item', { hasText: 'Restricted Mode' }).waitFor({ timeout: PATIENCE });
    const row = explorerRow(page, 'questions.jsonl');
    await row.click({ button: 'right' });
    const menu = page.locator('.context-view .monaco-menu');
    await menu.getByText('Rename...').waitFor({ timeout: PATIENCE });
    assert.equal(await menu.getByText('Fine-tune with VeRA').count(), 0);
    await page.keyboard.press('Escape');
    await page.keyboard.press('F1');
    // The palette draws no more lines than it has room for, so each search is for what has to be there or not.
    const search = quickPick(page).locator('input').first();
    await search.fill('>VeRA Studio: Open Training Panel');
    await pickLine(page, 'VeRA Studio: Open Training Panel').waitFor({ timeout: PATIENCE });
    await search.fill('>Fine-tune');
    await pickLine(page, 'VeRA Studio: Open Training Panel').waitFor({ state: 'detached', timeout: PATIENCE });
    assert.equal(await pickLine(page, 'Fine-tune').count(), 0);
    await page.keyboard.press('Escape');
    await row.dblclick();
    // The files of a stranger are not sent to a model, not even to one on this machine.
    await inlineItem(/off: this workspace is not trusted/).waitFor({ timeout: PATIENCE });
    const lens = page.locator('.codelens-decoration a', { hasText: 'Fine-tune' }).first();
    await lens.waitFor({ timeout: PATIENCE });
    await lens.click();
    const warning = page.locator('.notification-toast', { hasText: 'Fine-tuning needs a trusted workspace' });
    await warning.waitFor({ timeout: PATIENCE });
    await session.shot('restricted');
    await command(page, 'Notifications: Clear All Notifications');
    assert.ok(session.workbench.daemonPid() !== undefined);
    assert.equal(existsSync(elsewhere), false, 'the workspace chose where the daemon keeps its state');
    await showSideBar(page, 'VeRA Studio');
    await page.locator('.pane-body').getByText('trusted workspace').first().waitFor({ timeout: PATIENCE });
  },
);

/** The item of the status bar that tells of ghost text. */
const inlineItem = (text: RegExp): Locator => page.getByRole('button', { name: text }).first();

test('after: what was hidden is there', { timeout: LONG }, async () => {
  await command(page, 'Workspaces: Manage Workspace Trust');
  await page.locator('.workspace-trust-editor').getByRole('button', { name: 'Trust', exact: true }).click();
  await page
    .locator('.statusbar-item', { hasText: 'Restricted Mode' })
    .waitFor({ state: 'detached', timeout: PATIENCE });
  // After a reload, the editor for workspace trust is gone, and the workspace is still trusted.
  await openWorkbench(page, session.workbench.url);
  await command(page, 'View: Show Explorer');
  await chooseFromMenu(page, explorerRow(page, 'questions.jsonl'), 'Fine-tune with VeRA');
  await pickLine(page, /Base model: /).waitFor({ timeout: PATIENCE });
  await page.keyboard.press('Escape');
});
