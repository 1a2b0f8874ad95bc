// Slow: needs a browser and VS Code.
/** From a right-click to the first loss with base models that this machine has: one of Hugging Face's cache and one of Ollama. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Locator, Page } from 'playwright-core';
import { trainableGguf } from '../fixtures/gguf/build.ts';
import { type Hub, startHub } from '../hub.ts';
import { root } from '../sources.ts';
import { temporaryFolder } from '../temporary.ts';
import { questions } from './data.ts';
import { chooseFromMenu, command, explorerRow, panel, PATIENCE, pickLine, quickPick } from './driver.ts';
import { LONG, type Session, startSession } from './session.ts';

const MODEL = join(root, 'daemon/demo');
const COMMIT = 'c'.repeat(40);
const hubCache = temporaryFolder();
const ollama = temporaryFolder();
let server: Hub;
let session: Session;
let page: Page;

function put(path: string, content: string | Uint8Array): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
}

/** A model as huggingface_hub keeps it: the snapshot links to blobs, which are called by their hash. */
function cache(repository: string, files: Readonly<Record<string, string | Uint8Array>>): void {
  const folder = join(hubCache, repository);
  put(join(folder, 'refs', 'main'), COMMIT);
  mkdirSync(join(folder, 'snapshots', COMMIT), { recursive: true });
  for (const [name, content] of Object.entries(files)) {
    const hash = createHash('sha256').update(content).digest('hex');
    put(join(folder, 'blobs', hash), content);
    symlinkSync(join('..', '..', 'blobs', hash), join(folder, 'snapshots', COMMIT, name));
  }
}

/** A model as Ollama keeps it: a manifest and a blob. */
function pull(name: string, tag: string, gguf: Uint8Array): void {
  const hash = createHash('sha256').update(gguf).digest('hex');
  put(join(ollama, 'blobs', `sha256-${hash}`), gguf);
  const layers = [{ mediaType: 'application/vnd.ollama.image.model', digest: `sha256:${hash}`, size: gguf.length }];
  put(join(ollama, 'manifests', 'registry.ollama.ai', 'library', name, tag), JSON.stringify({ layers }));
}

before(async () => {
  const names = ['config.json', 'tokenizer.json', 'tokenizer_config.json', 'model.safetensors'];
  cache(
    'models--somebody--small-model',
    Object.fromEntries(names.map((name) => [name, readFileSync(join(MODEL, name))])),
  );
  cache('models--somebody--other-kind', { 'config.json': '{"architectures":["GPT2LMHeadModel"]}' });
  pull('tiny', '30k', trainableGguf());
  server = await startHub('somebody/on-the-hub', MODEL);
  const env = { HF_HUB_CACHE: hubCache, OLLAMA_MODELS: ollama, HF_ENDPOINT: server.endpoint };
  session = await startSession('bases', { 'questions.jsonl': questions(396) }, { env });
  ({ page } = session);
});
after(async () => {
  await session?.close();
  server?.close();
});

const baseLine = (name = ''): Locator => pickLine(page, `Base model: ${name}`);

for (const [place, name] of [
  // The run on the smaller one is over in seconds; the other waits for its end.
  ['Ollama', 'tiny:30k'],
  ['Hugging Face cache', 'small-model'],
] as const) {
  test(`a base of ${place} is chosen with one click more, and learns`, { timeout: LONG }, async (t) => {
    let clicks = 0;
    const click = async (line: Locator): Promise<void> => {
      await line.click({ timeout: PATIENCE });
      clicks++;
    };
    const begin = performance.now();
    await chooseFromMenu(page, explorerRow(page, 'questions.jsonl'), 'Fine-tune with VeRA...');
    clicks += 2; // the right one, and that on the entry of the menu
    await click(baseLine());
    const line = pickLine(page, name).filter({ hasText: place });
    await line.waitFor({ timeout: PATIENCE });
    await session.shot(`bases-${name.replace(':', '-')}`);
    await click(line);
    await baseLine(name).waitFor({ timeout: PATIENCE });
    // Time and data are known before a GGUF file is converted.
    await pickLine(page, /Quick.*about .* of memory/).waitFor({ timeout: PATIENCE });
    await pickLine(page, /Task: .*: \d+ rows, \d+ held out, 50 steps/).waitFor({ timeout: PATIENCE });
    await session.shot(`base-chosen-${name.replace(':', '-')}`);
    await click(pickLine(page, /Quick/));
    await panel(page).locator('.run-header .facts', { hasText: name }).waitFor({ timeout: PATIENCE });
    await panel(page)
      .locator('[role="slider"][aria-label="Loss"][aria-valuetext*="train"]')
      .waitFor({ state: 'attached', timeout: LONG });
    const seconds = (performance.now() - begin) / 1000;
    t.diagnostic(`${place}: ${clicks} clicks and ${seconds.toFixed(1)} s from the right-click to the first loss`);
    assert.equal(clicks, 5);
  });
}

test(
  'Escape and Back go back, and the reason why a model cannot be trained can be read',
  { timeout: LONG },
  async () => {
    await chooseFromMenu(page, explorerRow(page, 'questions.jsonl'), 'Fine-tune with VeRA...');
    await baseLine().click({ timeout: PATIENCE });
    await pickLine(page, 'small-model').waitFor({ timeout: PATIENCE });
    await page.keyboard.press('Escape');
    await baseLine().click({ timeout: PATIENCE });
    await pickLine(page, 'small-model').waitFor({ timeout: PATIENCE });
    await quickPick(page).locator('input').first().fill('other-kind');
    await pickLine(page, /other-kind.*GPT2LMHeadModel/).click({ timeout: PATIENCE });
    const dialog = page.locator('.monaco-dialog-box');
    await dialog.getByText(/supported are LlamaForCausalLM/).waitFor({ timeout: PATIENCE });
    await session.shot('base-problem');
    await page.keyboard.press('Escape');
    await pickLine(page, 'small-model').waitFor({ timeout: PATIENCE });
    await quickPick(page).locator('.action-label[aria-label^="Back"]').click();
    await baseLine('small-model').waitFor({ timeout: PATIENCE });
    await page.keyboard.press('Escape');
  },
);

test('words find models of the hub', { timeout: LONG }, async () => {
  await command(page, 'VeRA Studio: Add or Download Model...');
  await quickPick(page).locator('input[placeholder^="Choose a base model"]').fill('small chat');
  await pickLine(page, 'Search the hub for').click({ timeout: PATIENCE });
  const line = pickLine(page, 'somebody/on-the-hub');
  await line.waitFor({ timeout: PATIENCE });
  assert.match(await line.innerText(), /mit/);
  assert.ok(server.log.some((url) => url.startsWith('/api/models?search=small+chat')));
  await session.shot('hub-search');
});
