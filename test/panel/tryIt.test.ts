// Slow: needs a browser, and starts an engine.
/** Try It in a real browser, with answers of a real engine. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { FromPanel, ToPanel } from '../../daemon/protocol/panel.ts';
import type { HeldOutRow, TrialSide } from '../../daemon/protocol/trial.ts';
import { DEMO, store } from '../served.ts';
import { rawClient, serving } from '../serving.ts';
import { temporaryFolder } from '../temporary.ts';
import { found } from './axe.ts';
import { panelHost, type OpenPanel, settled } from './open.ts';
import { stateAfter } from './recording.ts';
import { THEMES, type ThemeName } from './themes.ts';

const host = await panelHost();
const one = await serving(temporaryFolder());
const client = await rawClient(one);
const notes = await store(one.catalog, 'notes', 7);
after(async () => {
  client.socket.close();
  await one.close();
});

const trial = {
  ...{ adapter: { id: notes.id, name: 'notes' }, base: 'demo model', chat: true },
  limits: ['This base has only 3.5 million parameters: it is for trying things out.'],
};
const row: HeldOutRow = {
  ...{ place: 1, source: 'questions.jsonl, line 8', chat: true, prompt: 'Write a function that adds two numbers.' },
  before: [{ role: 'system', content: 'Answer with code.' }],
  expected: 'def add(a, b):\n    return a + b',
};
const shown: ToPanel[] = [
  { type: 'trial', trial },
  { type: 'trialRow', adapter: notes.id, row, total: 4, problem: null },
];

type Asked = Extract<FromPanel, { type: 'try' }>;
const askedOf = (messages: readonly FromPanel[]): Asked[] =>
  messages.flatMap((message) => (message.type === 'try' ? [message] : []));

let progress = 0;
/** Answers what the panel asked last, as the extension does. */
async function answer({ send, sent }: OpenPanel, sides: readonly TrialSide[] = ['base', 'adapter']): Promise<string[]> {
  const { request, chat, before, prompt, sampling } = askedOf(await sent()).at(-1)!;
  const { maxTokens, ...how } = sampling;
  return Promise.all(
    sides.map(async (side) => {
      const token = ++progress;
      const { result } = await client.ask('text.generate', {
        prompt: chat ? { messages: [...before, { role: 'user', content: prompt }] } : { text: prompt },
        ...(side === 'base' ? { base: DEMO } : { adapter: notes.id }),
        ...{ sampling: how, maxTokens, progress: token },
      });
      const parts = client.notices.filter(({ params }) => params.token === token && 'text' in params.value);
      for (const { params } of parts) await send({ type: 'trialText', request, side, text: params.value.text });
      const { usage, timing, reason, text } = result;
      await send({
        ...{ type: 'trialEnd', request, side, error: null },
        end: { reason, tokens: usage.answerTokens, firstTokenMs: timing.firstTokenMs, tokensPerSecond: 40 },
      });
      return text as string;
    }),
  );
}

const text = (page: OpenPanel['page'], side: string): Promise<string | null> =>
  page.locator(`.answer.${side} pre`).textContent();

test('base and adapter answer the held-out row, and what differs is marked and said', async () => {
  const panel = await host.open();
  const { page, send, sent, complaints, violations } = panel;
  await send(...stateAfter(), ...shown);
  await settled(page);
  assert.equal(await page.getByLabel('Prompt', { exact: true }).inputValue(), row.prompt);
  assert.equal(await text(page, 'expected'), row.expected);
  await page.getByText('Held-out row 2 of 4 (questions.jsonl, line 8)').waitFor();
  await page.getByLabel('Most tokens').fill('40');
  // The prompt has the focus, and Ctrl+Enter asks.
  await page.keyboard.press('Tab');
  await page.getByLabel('Prompt', { exact: true }).focus();
  await page.keyboard.press('Control+Enter');
  const [asked] = askedOf(await sent());
  assert.deepEqual(
    [asked!.before, asked!.prompt, asked!.chat, asked!.sampling],
    [row.before, row.prompt, true, { temperature: 0, seed: 0, maxTokens: 40 }],
  );
  const [base, adapter] = await answer(panel);
  await settled(page);
  assert.notEqual(base, adapter);
  assert.deepEqual([await text(page, 'base'), await text(page, 'adapter')], [base, adapter]);
  assert.ok((await page.locator('.answer .differs').count()) >= 2);
  assert.match(
    (await page.locator('.try-summary').textContent())!,
    /^Of the adapter's \d+ words, \d+ differs? from the base's answer \(marked\)\./,
  );
  assert.match(
    (await page.locator('.answer.base .facts').textContent())!,
    /^first token after [\d,.]+ ms · 40 tokens\/s · \d+ tokens/,
  );
  assert.match((await page.locator('[role=status].visually-hidden').textContent())!, /^Both have answered\. /);
  assert.deepEqual([complaints, await violations()], [[], []]);
});

test('opened again for the same adapter, what was typed and answered stays', async () => {
  const panel = await host.open();
  const { page, send } = panel;
  await send(...stateAfter(), ...shown);
  await page.getByLabel('Prompt', { exact: true }).fill('Say hello.');
  await page.getByLabel('Most tokens').fill('8');
  await page.getByText('Ask both').click();
  const [base] = await answer(panel);
  await send(...shown);
  await settled(page);
  assert.equal(await page.getByLabel('Prompt', { exact: true }).inputValue(), 'Say hello.');
  assert.equal(await text(page, 'base'), base);
  const other: HeldOutRow = { ...row, place: 2, prompt: 'Write a test.' };
  await send(shown[0]!, { type: 'trialRow', adapter: notes.id, row: other, total: 4, problem: null });
  await settled(page);
  assert.equal(await page.getByLabel('Prompt', { exact: true }).inputValue(), 'Write a test.');
  assert.equal(await text(page, 'base'), '');
});

test('another row, another seed, stop, and close', async () => {
  const panel = await host.open();
  const { page, send, sent } = panel;
  await send(...stateAfter(), ...shown);
  await settled(page);
  await page.getByRole('button', { name: 'Next row' }).click();
  assert.deepEqual((await sent()).at(-1), { type: 'trialRow', adapter: notes.id, place: 2 });
  await page.getByRole('button', { name: 'Previous row' }).click();

  assert.equal(await page.getByText('Again with another seed').isVisible(), false);
  await page.getByLabel('Temperature').fill('0.8');
  await page.getByLabel('Most tokens').fill('16');
  await page.getByText('Ask both').click();
  await page.getByText('Waiting for the first token...').first().waitFor();
  const first = await answer(panel);
  await page.getByText('Again with another seed').click();
  assert.equal(askedOf(await sent()).at(-1)!.sampling.seed, 1);
  const second = await answer(panel);
  await settled(page);
  assert.notDeepEqual(first, second);
  assert.equal(await text(page, 'base'), second[0]);

  await page.getByText('Ask both').click();
  await page.locator('.try-it vscode-button', { hasText: 'Stop' }).click();
  const request = askedOf(await sent()).at(-1)!.request;
  assert.deepEqual((await sent()).at(-1), { type: 'tryStop', request });
  const end = { reason: 'stopped', tokens: 0, firstTokenMs: null, tokensPerSecond: null } as const;
  for (const side of ['base', 'adapter'] as const) await send({ type: 'trialEnd', request, side, end, error: null });
  await page.getByText('Ask both').waitFor({ state: 'visible' });
  // What comes late for an earlier question is not shown.
  await send({ type: 'trialText', request: request - 1, side: 'base', text: 'late' });
  await settled(page);
  assert.equal(await text(page, 'base'), '');

  await page.getByRole('button', { name: 'Close Try It' }).click();
  assert.deepEqual((await sent()).at(-1), { type: 'tryClose' });
  await send({ type: 'trial', trial: null });
  await page.locator('.try-it').waitFor({ state: 'hidden' });
});

test('a base that cannot chat gets a text, an adapter without a run a prompt of the person, an error is said', async () => {
  const panel = await host.open();
  const { page, send, sent } = panel;
  await send(
    { type: 'state', runs: [], active: null, connection: 'connected', view: null },
    { type: 'trial', trial: { ...trial, chat: false } },
    {
      type: 'trialRow',
      adapter: notes.id,
      row: null,
      total: 0,
      problem: 'This adapter was not trained here. Type a prompt.',
    },
  );
  await page.getByText('This adapter was not trained here').waitFor();
  assert.equal(await page.getByLabel('Prompt is').isDisabled(), true);
  await page.getByLabel('Prompt', { exact: true }).fill('def add(a, b):\n');
  await page.getByLabel('Most tokens').fill('8');
  await page.getByText('Ask both').click();
  assert.deepEqual(
    askedOf(await sent()).map(({ chat, before }) => [chat, before]),
    [[false, []]],
  );
  const [base] = await answer(panel, ['base']);
  const { request } = askedOf(await sent()).at(-1)!;
  await send({ type: 'trialEnd', request, side: 'adapter', end: null, error: 'The engine ended; try again.' });
  await page.getByText('The engine ended; try again.').waitFor();
  await settled(page);
  assert.equal(await text(page, 'base'), base);
});

for (const theme of Object.keys(THEMES) as ThemeName[]) {
  test(`axe finds nothing in Try It: ${theme}`, async () => {
    const panel = await host.open({ theme });
    const { page, send } = panel;
    await send(...stateAfter(), ...shown);
    await settled(page);
    assert.deepEqual(await found(page), []);
    await page.getByLabel('Temperature').fill('1');
    await page.getByLabel('Most tokens').fill('12');
    await page.getByText('Ask both').click();
    await answer(panel);
    await settled(page);
    assert.deepEqual(await found(page), []);
    await page.setViewportSize({ width: 420, height: 800 });
    await settled(page);
    assert.deepEqual(await found(page), []);
    await page.context().close();
  });
}

test('script in texts of Try It stays text', async () => {
  const { page, send, violations } = await host.open();
  const script = '<img src=x onerror="window.hit = 1"><script>window.hit = 2</script>';
  await send(...stateAfter(), {
    type: 'trial',
    trial: { adapter: { id: 1, name: script }, base: script, chat: true, limits: [script] },
  });
  const poisoned = {
    ...row,
    source: script,
    prompt: script,
    expected: script,
    before: [{ role: script, content: script }],
  };
  await send({ type: 'trialRow', adapter: 1, row: poisoned, total: 4, problem: null });
  await page.getByText('Ask both').click();
  const [, request] = await page.evaluate(() => {
    const last = window.sent.at(-1) as { type: string; request: number };
    return [last.type, last.request] as const;
  });
  for (const side of ['base', 'adapter'] as const) {
    await send({ type: 'trialText', request, side, text: `${script} ${side}` });
    await send({ type: 'trialEnd', request, side, end: null, error: side === 'base' ? script : null });
  }
  await settled(page);
  assert.equal(await page.evaluate(() => (window as { hit?: number }).hit), undefined);
  assert.equal(await page.locator('.try-it :is(img, script)').count(), 0);
  assert.equal(await text(page, 'expected'), script);
  assert.deepEqual(await violations(), []);
});
