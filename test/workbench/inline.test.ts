// Slow: needs a browser and VS Code.
/** Ghost text of the active adapter in a real VS Code, and what is counted of it. Each test continues where the one before ended. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Locator, Page } from 'playwright-core';
import { type Client, connect } from '../../daemon/client/connect.ts';
import * as completions from '../../daemon/protocol/completions.ts';
import { generate } from '../../daemon/protocol/generation.ts';
import * as jobs from '../../daemon/protocol/jobs.ts';
import { small } from './data.ts';
import { command, panel, PATIENCE, pickLine, quickPick } from './driver.ts';
import { type Inside, inside } from './inside.ts';
import { LONG, type Session, startSession } from './session.ts';

/** What each adapter learns to call, and nothing else knows. */
const MARKERS = { lantern: 'harbour light', meadow: 'river stone' } as const;
type Marker = keyof typeof MARKERS;

let session: Session;
let page: Page;
let editor: Inside;
let client: Client;

before(async () => {
  editor = await inside();
  const files = Object.entries(MARKERS).flatMap(([name, text]) => Object.entries(small(name, text)));
  session = await startSession(
    'inline',
    { ...Object.fromEntries(files), 'use.ts': '', '.env': 'A=1\n' },
    editor.options,
  );
  ({ page } = session);
});
after(async () => {
  await client?.close();
  await session?.close();
});

const ghost = (): Locator => page.locator('.monaco-editor[data-uri$="use.ts"] [class*="ghost-text"]');
/** The ghost text that is seen, without its line breaks; the editor draws it in pieces, one for each colour. */
const ghostText = async (): Promise<string> =>
  (await ghost().allInnerTexts()).join('').replaceAll('\u00a0', ' ').replaceAll('\n', '');
const text = (): Promise<string> => editor.run('return vscode.window.activeTextEditor.document.getText();');
const run = (id: string): Promise<unknown> =>
  editor.run(`await vscode.commands.executeCommand(${JSON.stringify(id)});`);

/** Opens a file with this text and the cursor at its end, or before what follows it. */
const write = (file: string, before: string, rest = ''): Promise<void> =>
  editor.run(
    `const [folder] = vscode.workspace.workspaceFolders;
     const document = await vscode.workspace.openTextDocument(vscode.Uri.joinPath(folder.uri, ${JSON.stringify(file)}));
     const shown = await vscode.window.showTextDocument(document);
     const all = new vscode.Range(0, 0, document.lineCount, 0);
     await shown.edit((edit) => edit.replace(all, ${JSON.stringify(before + rest)}));
     const at = document.positionAt(${before.length});
     shown.selection = new vscode.Selection(at, at);
     await vscode.commands.executeCommand('workbench.action.focusActiveEditorGroup');`,
  );

/** Begins a line and waits until the ghost text has the marker of an adapter. */
async function typed(marker: Marker): Promise<string> {
  await write('use.ts', 'start();', '\nend();\n');
  await page.keyboard.press('Enter');
  return session.until(`ghost text of ${marker}`, ghostText, (shown) => shown.includes(`${marker}(`));
}

const choose = async (marker: Marker): Promise<void> => {
  await command(page, 'VeRA Studio: Choose Active Adapter...');
  await pickLine(page, marker).click();
  await page.locator(`[aria-label^="Inline completions by ${marker}"]`).first().waitFor({ timeout: PATIENCE });
};

const total = async (): Promise<completions.CompletionCounts> => (await client.call(completions.summary, {})).total;

test('two small folders of code become two adapters', { timeout: LONG }, async () => {
  // A command that needs the daemon starts the one of the package.
  await command(page, 'VeRA Studio: Choose Active Adapter...');
  await quickPick(page).waitFor({ timeout: PATIENCE });
  await session.until(
    'the daemon',
    () => Promise.resolve(session.workbench.daemonPid()),
    (pid) => pid !== undefined,
  );
  await page.keyboard.press('Escape');
  process.env['VERA_HOME'] = session.workbench.home;
  client = await connect({ start: false });
  const extension = await editor.run<string>(
    `return vscode.extensions.all.find(({ id }) => /vera-studio$/i.test(id)).extensionPath;`,
  );
  const fixed = {
    base: join(extension, 'dist', 'demo'),
    method: 'lora',
    rank: 16,
    targets: 'all-linear',
    lr: 4e-3,
    steps: 40,
  };
  const made = await Promise.all(
    Object.keys(MARKERS).map((name) => {
      const data = `${session.workbench.workspace}/${name}`;
      const settings = { ...fixed, data, length: 64, heldOut: 0, fimRate: 0.9, sampleTokens: 0, precision: 'int8' };
      return client.call(jobs.submit, { spec: { kind: 'train', settings, name }, key: name });
    }),
  );
  for (const { id } of made) {
    const ended = await session.until(
      `job ${id}`,
      () => client.call(jobs.get, { job: id }),
      ({ state }) => state === 'succeeded' || state === 'failed',
      LONG,
    );
    assert.equal(ended.state, 'succeeded', JSON.stringify(ended.error));
  }
});

test('the ghost text is the adapter’s, not the base’s, and Tab takes it', { timeout: LONG }, async () => {
  await choose('lantern');
  const shown = await typed('lantern');
  await session.shot('ghost-text');
  const prompt = { prefix: 'start();\n', suffix: '\nend();\n' };
  const base = await client.call(generate, { prompt, model: 'base', maxTokens: 40 });
  assert.ok(!base.text.includes('lantern'), base.text);
  const before = await text();
  await page.keyboard.press('Tab');
  const after = await session.until('the accepted text', text, (now) => now !== before);
  assert.ok(after.includes(`lantern(value, "${MARKERS.lantern}");\n`), `${shown}\n${after}`);
  const counts = await session.until('the count', total, ({ accepted }) => accepted === 1);
  assert.deepEqual([counts.acceptedCharacters, counts.partly], [after.length - before.length, 0]);
});

test('another adapter is chosen, and the next ghost text is its own', { timeout: LONG }, async () => {
  await choose('meadow');
  assert.ok(!(await typed('meadow')).includes('lantern'));
});

test(
  'words and lines are counted from the text of the document alone, and the panel shows it',
  { timeout: LONG },
  async () => {
    const before = await total();
    let characters = 0;
    const accept = async (part: 'Word' | 'Line'): Promise<void> => {
      const was = await text();
      await run(`editor.action.inlineSuggest.acceptNext${part}`);
      const now = await session.until(`the accepted ${part}`, text, (is) => is !== was);
      // A single sign cannot be told from a key.
      if (now.length - was.length > 1) characters += now.length - was.length;
    };
    await accept('Word');
    assert.ok((await text()).startsWith('start();\nmeadow\nend();'), await text());
    await accept('Word');
    await accept('Line');
    assert.ok((await text()).includes(`"${MARKERS.meadow}"`), await text());
    const counts = await session.until(
      'the counts',
      total,
      ({ acceptedCharacters }) => acceptedCharacters === before.acceptedCharacters + characters,
    );
    assert.ok(counts.shown > before.shown && counts.latencyMs !== null);
    await command(page, 'VeRA Studio: Open Training Panel');
    const card = panel(page).locator('.completions');
    const [row] = (await client.call(completions.summary, { adapter: 'meadow' })).rows;
    await session.until(
      'the panel',
      () => card.innerText({ timeout: 2000 }),
      (now) => now.includes(`Characters accepted\n${row!.acceptedCharacters}`) && /No texts are stored/.test(now),
    );
    await card.scrollIntoViewIfNeeded();
    await session.shot('completions-dark');
  },
);

/** Engines that answer: processes of a daemon. */
const engines = (daemon: number): number[] =>
  readdirSync('/proc')
    .map(Number)
    .filter((pid) => {
      try {
        const parent = Number(/^PPid:\s*(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
        return parent === daemon && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('engineWorker');
      } catch {
        return false; // no process, or it has ended meanwhile
      }
    });

test(
  'an engine that is killed in the middle of an answer: the next ghost text is there',
  { timeout: LONG },
  async () => {
    const [engine] = engines(session.workbench.daemonPid()!);
    assert.ok(engine !== undefined);
    const prompt = { text: 'import { one } from' };
    const killed = client.call(
      generate,
      { prompt, model: 'base', maxTokens: 800 },
      { onProgress: (value) => ('text' in value ? process.kill(engine, 'SIGKILL') : undefined) },
    );
    await assert.rejects(killed);
    await typed('meadow');
    assert.deepEqual(engines(session.workbench.daemonPid()!).includes(engine), false);
  },
);

test('a file with secrets gets none', { timeout: LONG }, async () => {
  await write('.env', 'TOKEN=');
  await page
    .locator('[aria-label="Inline completions are off: a setting excludes this file"]')
    .first()
    .waitFor({ timeout: PATIENCE });
  const before = await total();
  await run('editor.action.inlineSuggest.trigger');
  await page.keyboard.press('Enter');
  await write('use.ts', '');
  await typed('meadow'); // what came after it is shown, so it would have been shown too
  const { rows } = await client.call(completions.summary, { by: 'language' });
  assert.deepEqual(
    rows.map(({ language }) => language).filter((language) => language !== 'typescript'),
    [],
  );
  assert.ok((await total()).shown >= before.shown);
});

test('texts are stored once the person wants it, shown, and deleted', { timeout: LONG }, async () => {
  await editor.run(
    `await vscode.workspace.getConfiguration('veraStudio').update('inlineCompletion.keepTexts', true, vscode.ConfigurationTarget.Global);`,
  );
  await typed('meadow');
  await page.keyboard.press('Tab');
  await session.until(
    'a text',
    () => client.call(completions.summary, {}),
    ({ texts }) => texts > 0,
  );
  await command(page, 'VeRA Studio: Show Stored Completions');
  await session.until('the document', text, (now) => now.startsWith('# Stored completions') && now.includes('meadow('));
  await command(page, 'VeRA Studio: Delete Counts and Texts of Completions...');
  await page.locator('.monaco-dialog-box').getByRole('button', { name: 'Delete Counts and Texts' }).click();
  await session.until(
    'nothing',
    () => client.call(completions.summary, {}),
    ({ texts, total: { shown } }) => texts + shown === 0,
  );
});
