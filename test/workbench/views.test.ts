// Slow: needs a browser and VS Code.
/**
 * The views of adapters, runs and models, used with mouse and keyboard in a real VS Code. Each test continues where the one
 * before ended.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Locator, Page } from 'playwright-core';
import { type Client, connect } from '../../daemon/client/connect.ts';
import * as adapters from '../../daemon/protocol/adapters.ts';
import * as jobs from '../../daemon/protocol/jobs.ts';
import * as owners from '../../daemon/protocol/owners.ts';
import { type Hub, startHub } from '../hub.ts';
import { root } from '../sources.ts';
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
  statusBar,
  viewRow,
  widenSideBar,
} from './driver.ts';
import { LONG, type Session, startSession } from './session.ts';

const MODEL = 'somebody/small-model';

let hub: Hub;
let session: Session;
let page: Page;

before(async () => {
  hub = await startHub(MODEL, join(root, 'daemon/demo'), { slowMs: 6000 });
  session = await startSession('views', { 'questions.jsonl': questions(396) }, { env: { HF_ENDPOINT: hub.endpoint } });
  ({ page } = session);
});
after(async () => {
  await session?.close();
  hub?.close();
});

const runRow = (text: string | RegExp): Locator =>
  viewRow(page, /^questions-vera(-\d+)?\d\d:\d\d/).filter({ hasText: text });
const button = (name: string): Locator => panel(page).locator('vscode-button', { hasText: name }).first();
const inlineAction = async (row: Locator, title: string): Promise<void> => {
  await row.hover();
  await row.locator(`.action-label[aria-label^="${title}"]`).click();
};
/** Answers a question in a box of one line. */
async function answer(text: string): Promise<void> {
  const input = quickPick(page).locator('input').first();
  await input.waitFor({ timeout: PATIENCE });
  await input.fill(text);
  await page.keyboard.press('Enter');
}
/** The answer of the daemon itself. */
async function withClient(use: (client: Client) => Promise<unknown>): Promise<void> {
  process.env['VERA_HOME'] = session.workbench.home;
  const client = await connect({ start: false });
  await use(client).finally(() => client.close());
}
const done = (): Promise<string> =>
  session.until('the end of the run', session.stateWord, (word) => word === 'Done', LONG);

test(
  'a run begun from the title of an editor is paused in the panel, and resumed from the view',
  { timeout: LONG },
  async () => {
    await explorerRow(page, 'questions.jsonl').dblclick();
    await page.locator('.editor-actions .action-label[aria-label^="Fine-tune with VeRA"]').click({ timeout: PATIENCE });
    await pickLine(page, /about .* of memory/).waitFor({ timeout: PATIENCE });
    await page.keyboard.press('Enter');
    await session.until('steps', session.shownStep, (step) => step > 2, LONG);
    await button('Pause').click();
    await session.until('the pause', session.stateWord, (word) => word === 'Paused', LONG);
    await showSideBar(page, 'VeRA Studio');
    await widenSideBar(page, 110);
    await inlineAction(runRow(/paused/), 'Resume Run');
    await done();
  },
);

test('an adapter is renamed and noted', { timeout: LONG }, async () => {
  await chooseFromMenu(page, viewRow(page, /VeRA 64 · /), 'Rename Adapter...');
  await answer('where/what');
  await quickPick(page).getByText('The name must not contain slashes').waitFor({ timeout: PATIENCE });
  await answer('services');
  await viewRow(page, /services.*VeRA 64/).waitFor({ timeout: PATIENCE });
  await chooseFromMenu(page, viewRow(page, 'services'), 'Edit Note of Adapter...');
  await answer('ports, languages and databases');
  await withClient((client) =>
    session.until(
      'the note',
      async () => (await client.call(adapters.get, { adapter: 'services' })).note,
      (note) => note !== '',
    ),
  );
  await command(page, 'VeRA Studio: Choose Active Adapter...');
  await pickLine(page, 'ports, languages and databases').click();
  await statusBar(page, 'services').waitFor({ timeout: PATIENCE });
});

test('a run is cancelled after a question, and tried again from where it stopped', { timeout: LONG }, async () => {
  await page.locator('.tab', { hasText: 'questions.jsonl' }).click();
  await command(page, 'Fine-tune with VeRA...');
  await pickLine(page, /about .* of memory/).waitFor({ timeout: PATIENCE });
  await page.keyboard.press('Enter');
  const running = runRow(/\d+%/);
  await withClient((client) =>
    session.until(
      'steps of the second run',
      async () => (await client.call(jobs.list, { limit: 1 })).items[0]!,
      ({ state, progress }) => state === 'running' && (progress.step ?? 0) > 0,
      LONG,
    ),
  );
  await inlineAction(running, 'Cancel Run');
  const dialog = page.locator('.monaco-dialog-box');
  await dialog.getByText(/Its checkpoints are kept/).waitFor({ timeout: PATIENCE });
  await dialog.getByRole('button', { name: 'Cancel Run' }).click();
  await runRow(/cancelled/).waitFor({ timeout: PATIENCE });
  await inlineAction(runRow(/cancelled/), 'Try Run Again');
  await viewRow(page, /^questions.*VeRA 64/).waitFor({ timeout: LONG });
});

test('the status bar shows the active adapter; a click chooses another', { timeout: LONG }, async () => {
  await statusBar(page, 'services').click();
  await pickLine(page, 'questions').click();
  await statusBar(page, 'questions').waitFor({ timeout: PATIENCE });
  await viewRow(page, /questions.*active/).waitFor({ timeout: PATIENCE });
});

test('two adapters are compared', { timeout: LONG }, async () => {
  await chooseFromMenu(page, viewRow(page, 'services'), 'Compare Adapters...');
  await pickLine(page, 'questions').click();
  await page.locator('.tab.active', { hasText: 'Preview' }).waitFor({ timeout: PATIENCE });
  const preview = page.frameLocator('iframe.webview.ready').frameLocator('iframe#active-frame');
  await preview.locator('h1', { hasText: 'services and questions' }).waitFor({ timeout: PATIENCE });
  assert.match(await preview.locator('table').first().innerText(), /Held-out loss|Note/);
  await session.shot('compare');
});

test('the folder of its run is shown', { timeout: LONG }, async () => {
  await chooseFromMenu(page, viewRow(page, 'services'), 'Reveal Run Folder');
  const toast = page.locator('.notification-toast', { hasText: 'Copy Path' });
  await toast.waitFor({ timeout: PATIENCE });
  assert.match(await toast.innerText(), /runs/);
  await command(page, 'Notifications: Clear All Notifications');
});

test('a deleted adapter comes back', { timeout: LONG }, async () => {
  await chooseFromMenu(page, viewRow(page, /^questions.*VeRA 64/), 'Delete Adapters...');
  const dialog = page.locator('.monaco-dialog-box');
  await dialog.getByText('whose active adapter it is').waitFor({ timeout: PATIENCE });
  await session.shot('delete');
  await dialog.getByRole('button', { name: 'Move to Trash' }).click();
  await viewRow(page, /^questions.*VeRA 64/).waitFor({ state: 'detached', timeout: PATIENCE });
  await command(page, 'VeRA Studio: Restore Deleted Adapters...');
  // Several can be chosen: a click ticks the line.
  await pickLine(page, 'questions').click({ timeout: PATIENCE });
  await page.keyboard.press('Enter');
  await viewRow(page, /^questions.*VeRA 64/).waitFor({ timeout: PATIENCE });
});

test('an adapter is dragged to another project', { timeout: LONG }, async () => {
  await withClient(async (client) => {
    await client.call(owners.projectsCreate, { name: 'other' });
    await client.call(adapters.update, { adapter: 'services', moveTo: 'other' });
    await viewRow(page, /^other$/).waitFor({ timeout: PATIENCE });
    await viewRow(page, /^questions.*VeRA 64/).dragTo(viewRow(page, 'services'));
    await session.until(
      'both in one project',
      async () => (await client.call(adapters.list, { project: 'other' })).items.length,
      (count) => count === 2,
    );
  });
});

test('a model is downloaded, with its progress, and has a fingerprint', { timeout: LONG }, async () => {
  await command(page, 'VeRA Studio: Add or Download Model...');
  const address = `https://huggingface.co/${MODEL}/tree/main`;
  await quickPick(page).locator('input[placeholder^="Choose a base model"]').fill(address);
  await pickLine(page, 'from the hub').click({ timeout: PATIENCE });
  await viewRow(page, /^small-model.+ · \d+%/).waitFor({ timeout: PATIENCE });
  await session.shot('download');
  const installed = viewRow(page, /^small-modelLlamaForCausalLM · 3\.5/);
  await installed.waitFor({ timeout: LONG });
  assert.ok(hub.log.some((path) => path.endsWith('model.safetensors')));
  await chooseFromMenu(page, installed, 'Copy Fingerprint');
  await statusBar(page, 'Fingerprint copied').waitFor({ timeout: PATIENCE });
});

test('the panel continues in a window of its own', { timeout: LONG }, async () => {
  const opening = page.context().waitForEvent('page', { timeout: PATIENCE });
  await chooseFromMenu(page, page.locator('.tab', { hasText: /questions-vera - VeRA/ }), 'Move into New Window');
  const other = await opening;
  await panel(other).locator('.run-header .state', { hasText: 'Done' }).waitFor({ timeout: PATIENCE });
  await panel(other).locator('.figures dd .value', { hasText: '50 of 50' }).waitFor({ timeout: PATIENCE });
  await other.close();
});
