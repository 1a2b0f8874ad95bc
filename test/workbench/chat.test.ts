// Slow: needs a browser and VS Code.
/** The adapter answers: in Try It, and as a chat model of VS Code. Each test continues where the one before ended. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Page } from 'playwright-core';
import { readDiscovery } from '../../daemon/life/discovery.ts';
import { questions } from './data.ts';
import {
  chooseFromMenu,
  command,
  explorerRow,
  panel,
  PATIENCE,
  pickLine,
  showSideBar,
  statusBar,
  viewRow,
} from './driver.ts';
import { type Inside, inside } from './inside.ts';
import { LONG, type Session, startSession } from './session.ts';

let session: Session;
let page: Page;
let editor: Inside;

before(async () => {
  editor = await inside();
  session = await startSession('chat', { 'questions.jsonl': questions(396) }, editor.options);
  ({ page } = session);
});
after(() => session?.close());

interface Model {
  readonly id: string;
  readonly name: string;
  readonly family: string;
  readonly version: string;
  readonly maxInputTokens: number;
}
const models = (): Promise<Model[]> =>
  editor.run(
    `const found = await vscode.lm.selectChatModels({ vendor: 'vera' });
     return found.map(({ id, name, family, version, maxInputTokens }) => ({ id, name, family, version, maxInputTokens }));`,
  );
/** Asks a model as another extension would: the parts of its answer. */
const ask = (id: string, question: string): Promise<string[]> =>
  editor.run(
    `const [model] = await vscode.lm.selectChatModels({ vendor: 'vera', id: ${JSON.stringify(id)} });
     const asked = [vscode.LanguageModelChatMessage.User(${JSON.stringify(question)})];
     const answer = await model.sendRequest(asked, { modelOptions: { max_tokens: 48 } });
     const parts = [];
     for await (const part of answer.text) parts.push(part);
     return parts;`,
  );

const body = (side: string): Promise<string> => panel(page).locator(`.answer.${side} pre`).innerText({ timeout: 2000 });

test(
  'before anything was trained there are no models, and no daemon is started to look for them',
  { timeout: LONG },
  async () => {
    await session.until('the helper', models, (found) => found.length === 0);
    assert.equal(session.workbench.daemonPid(), undefined);
  },
);

test('after a run, Try It shows both answers side by side', { timeout: LONG }, async () => {
  await chooseFromMenu(page, explorerRow(page, 'questions.jsonl'), 'Fine-tune with VeRA');
  await pickLine(page, /about .* of memory/).waitFor({ timeout: PATIENCE });
  await page.keyboard.press('Enter');
  await panel(page).getByText('Train loss').first().waitFor({ timeout: PATIENCE });
  // Who looks at the panel sees the end of the run there.
  await explorerRow(page, 'questions.jsonl').dblclick();
  const toast = page.locator('.notification-toast', {
    hasText: /questions-vera is ready\. .*held-out rows, the loss (fell|went) from/,
  });
  await toast.waitFor({ timeout: LONG });
  await toast.getByRole('button', { name: 'Try It' }).click();
  const prompt = panel(page).locator('#try-prompt');
  await session.until(
    'a held-out row',
    () => prompt.inputValue({ timeout: 2000 }),
    (text) => text.endsWith('?'),
  );
  await panel(page)
    .getByText(/Held-out row 1 of \d+/)
    .waitFor({ timeout: PATIENCE });
  assert.match(await body('expected'), /^The \w+ service /);
  await panel(page).getByLabel('Most tokens').fill('40');
  await panel(page).locator('vscode-button', { hasText: 'Ask both' }).click();
  const summary = panel(page).locator('.try-summary');
  await session.until(
    'both answers',
    () => summary.innerText({ timeout: 2000 }),
    (text) => text !== '',
    LONG,
  );
  const [base, adapter] = [await body('base'), await body('adapter')];
  assert.ok(base !== '' && adapter !== '');
  assert.notEqual(base, adapter);
  assert.match(await panel(page).locator('.answer.adapter .facts').innerText(), /first token after .* tokens\/s/);
  await session.shot('try-dark');
});

test('the adapters are chat models, and one answers with a streamed text', { timeout: LONG }, async () => {
  const listed = await session.until('the list', models, (found) => found.length >= 2);
  assert.deepEqual(
    listed.map(({ id }) => id.split('-')[0]),
    ['base', 'adapter'],
  );
  const model = listed[1]!;
  assert.equal(model.name, 'questions-vera');
  assert.match(model.version, /^[0-9a-f]{12}$/);
  assert.ok(model.maxInputTokens > 0);
  const parts = await ask(model.id, 'Which port does billing listen on?');
  assert.ok(parts.length > 1, JSON.stringify(parts));
  const base = await ask(listed[0]!.id, 'Which port does billing listen on?');
  assert.notEqual(parts.join(''), base.join(''));
  const tokens = await editor.run<number[]>(
    `const [model] = await vscode.lm.selectChatModels({ vendor: 'vera', id: ${JSON.stringify(model.id)} });
     return Promise.all(['one', 'one two three'].map((text) => model.countTokens(text)));`,
  );
  assert.ok(tokens[0]! >= 1 && tokens[1]! > tokens[0]!, String(tokens));
});

/** Requests that the engines have cancelled, and those that they have answered to the end. */
async function ended(): Promise<{ cancelled: number; finished: number }> {
  const { port, token } = readDiscovery(join(session.workbench.home, 'daemon/daemon.json'))!;
  const response = await fetch(`http://127.0.0.1:${port}/metrics`, { headers: { authorization: `Bearer ${token}` } });
  const lines = (await response.text()).split('\n').filter((line) => line.startsWith('vera_engine_requests{'));
  const count = (state: string): number =>
    Number(
      lines
        .find((line) => line.includes(`"${state}"`))
        ?.split(' ')
        .at(-1),
    );
  return { cancelled: count('cancelled'), finished: count('finished') };
}

test('an answer ends when it is cancelled', { timeout: LONG }, async () => {
  const [first] = await models();
  const before = await ended();
  // Random tokens: most of these answers do not end by themselves. Each is cancelled when its first words are there.
  await editor.run<number>(
    `const [model] = await vscode.lm.selectChatModels({ vendor: 'vera', id: ${JSON.stringify(first!.id)} });
     const asked = [vscode.LanguageModelChatMessage.User('Write a long story.')];
     const one = async (seed) => {
       const source = new vscode.CancellationTokenSource();
       try {
         const answer = await model.sendRequest(asked, { modelOptions: { temperature: 2, seed } }, source.token);
         for await (const part of answer.text) source.cancel();
       } catch (error) {
         if (!source.token.isCancellationRequested) throw error;
       }
     };
     await Promise.all([1, 2, 3, 4, 5, 6, 7, 8].map(one));`,
  );
  const all = before.cancelled + before.finished + 8;
  const after = await session.until('all have ended', ended, (one) => one.cancelled + one.finished === all);
  assert.ok(after.cancelled - before.cancelled >= 4, JSON.stringify({ before, after }));
});

test(
  'the adapter in use is a model of its own, and the status bar says what it is for',
  { timeout: LONG },
  async () => {
    await showSideBar(page, 'VeRA Studio');
    await chooseFromMenu(page, viewRow(page, /VeRA 64 · /), 'Activate');
    const item = statusBar(page, /questions/);
    await item.waitFor({ timeout: PATIENCE });
    const listed = await session.until('the active one', models, ([one]) => one?.id === 'active');
    assert.equal(listed[0]!.name, 'Active adapter: questions-vera');
    const adapter = listed.find(({ id }) => id.startsWith('adapter-'))!;
    const [active, same] = [await ask('active', 'Who owns mail?'), await ask(adapter.id, 'Who owns mail?')];
    assert.equal(active.join(''), same.join(''));
  },
);

test('Try It from the view, in a light theme', { timeout: LONG }, async () => {
  await command(page, 'Preferences: Toggle between Light/Dark Themes');
  await panel(page).locator('body.vscode-light').waitFor({ timeout: PATIENCE });
  await chooseFromMenu(page, viewRow(page, /active · VeRA 64/), 'Try It');
  await panel(page)
    .getByText(/Try it: questions-vera on/)
    .waitFor({ timeout: PATIENCE });
  await panel(page).locator('.try-it').getByRole('button', { name: 'Next row' }).click();
  await panel(page)
    .getByText(/Held-out row 2 of/)
    .waitFor({ timeout: PATIENCE });
  await session.shot('try-light');
});

test('what fails is said in plain words', { timeout: LONG }, async () => {
  await chooseFromMenu(page, viewRow(page, /active · VeRA 64/), 'Deactivate');
  await session.until('the list without it', models, (found) => found.every(({ id }) => id !== 'active'));
  const [base] = await models();
  await assert.rejects(ask(base!.id, 'word '.repeat(20_000)), /prompt and answer together may have/);
});
