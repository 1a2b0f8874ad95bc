// Slow: needs a browser.
/** The panel without a mouse, without sight, and without colour. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { found } from './axe.ts';
import { panelHost, settled } from './open.ts';
import { RECORDED, runAfter, stateAfter } from './recording.ts';
import { type ThemeName, THEMES } from './themes.ts';

const host = await panelHost();
for (const theme of Object.keys(THEMES) as ThemeName[]) {
  test(`axe finds nothing: ${theme}`, async () => {
    const { page, send } = await host.open({ theme });
    await send({ type: 'state', runs: [], active: null, connection: 'connecting', view: null });
    await settled(page);
    assert.deepEqual(await found(page), [], 'empty');
    const half = RECORDED.map(({ events }, place) => (place === 0 ? events.length >> 1 : events.length));
    await send(...stateAfter(half));
    await send({ type: 'connection', connection: 'failed', message: null });
    await settled(page);
    assert.deepEqual(await found(page), [], 'while it trains');
    await send(...stateAfter());
    for (const name of ['Loss: table', 'Learning rate: table', 'Numbers'])
      await page.getByRole('button', { name }).click();
    await page.getByText('Settings of this run').click();
    await settled(page);
    assert.deepEqual(await found(page), [], 'all open');
    await page.setViewportSize({ width: 420, height: 800 });
    await send({
      type: 'run',
      run: { ...runAfter(0, RECORDED[0]!.events), state: 'failed', error: { code: 'io', message: 'the disk is full' } },
    });
    await settled(page);
    assert.deepEqual(await found(page), [], 'narrow, failed');
    await page.context().close();
  });
}

test('axe is at work: a flaw put in is found', async () => {
  const { page, send } = await host.open();
  await send(...stateAfter());
  await settled(page);
  await page.evaluate(() => {
    document.querySelector('.chart-loss .toggle')!.textContent = '';
    document.querySelector<HTMLElement>('.facts')!.style.color = '#333333';
  });
  const flaws = (await found(page)).map((line) => line.split(':')[0]);
  assert.deepEqual([...new Set(flaws)].sort(), ['button-name', 'color-contrast']);
});

/** Where the focus is, as a person hears it. */
const focused = (page: Page): Promise<string> =>
  page.evaluate(() => {
    const { activeElement: at } = document;
    if (!at || at === document.body) return '';
    const own = at.getAttribute('aria-label') ?? '';
    return `${at.tagName.toLowerCase()} ${own !== '' ? own : (at.textContent ?? '').trim()}`.slice(0, 80);
  });

test('the keyboard alone reaches everything and works it', async () => {
  const { page, send, sent } = await host.open();
  await send(...stateAfter());
  await settled(page);
  const walk: string[] = [];
  for (let i = 0; i < 60; i++) {
    await page.keyboard.press('Tab');
    const here = await focused(page);
    if (here === '' || here === walk[0]) break;
    walk.push(here);
  }
  const reached = (name: string): boolean => walk.some((stop) => stop.includes(name));
  const stops = ['Activate', 'Try it...', 'Merge...', 'Export...', 'Run again', 'Open folder', 'Raw', 'Smoothed', 'Smoothing', 'Log scale', 'Loss: table', 'div Loss', 'Draw VeRA 64', 'button LoRA 8', 'div Learning rate', 'div Gradient norm', 'div Tokens per second', 'Costs beside other methods', 'Numbers', 'Copy sample 1, before', 'summary Settings']; // prettier-ignore
  for (const stop of stops) assert.ok(reached(stop), `the Tab key does not reach '${stop}': ${walk.join(' | ')}`);

  await page.locator('[data-command=export]').focus();
  await page.keyboard.press('Enter');
  await page.locator('[data-command=merge]').focus();
  await page.keyboard.press('Space');
  const commands = (await sent()).flatMap((message) => (message.type === 'command' ? [message.command] : []));
  assert.deepEqual(commands, ['export', 'merge']);

  const chart = page.getByRole('slider', { name: 'Loss', exact: true });
  const says = async (): Promise<string> => (await chart.getAttribute('aria-valuetext')) ?? '';
  const now = async (): Promise<number> => Number(await chart.getAttribute('aria-valuenow'));
  await chart.focus();
  await page.keyboard.press('Home');
  await page.keyboard.press('ArrowRight');
  assert.equal(await now(), 1);
  const first = RECORDED[0]!.events.find((event) => event.event === 'step');
  assert.ok(
    (await says()).startsWith(`Step 1: 1 train ${first?.event === 'step' ? first.loss.toPrecision(4) : ''}`),
    await says(),
  );
  await page.keyboard.press('PageUp');
  assert.equal(await now(), 16);
  await page.keyboard.press('End');
  assert.equal(await now(), 150);
  await page.keyboard.press('+');
  await settled(page);
  assert.equal(Number(await chart.getAttribute('aria-valuemin')), 75);
  await page.keyboard.press('Escape');
  await settled(page);
  assert.equal(Number(await chart.getAttribute('aria-valuemin')), 0);

  await page.locator('.heat td[tabindex="0"]').focus();
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowDown');
  const { modules } = RECORDED[0]!.learned!;
  assert.match((await page.locator('.learned .readout').textContent()) ?? '', new RegExp(`^${modules[1]}, layer 1: `));
});

test('the focus stays where it is while points and states come in', async () => {
  const { page, send } = await host.open();
  await send(...stateAfter([60]));
  await settled(page);
  await page.locator('[data-command=stop]').focus();
  await send({ type: 'run', run: { ...runAfter(0, RECORDED[0]!.events.slice(0, 70)), state: 'pausing' } });
  await settled(page);
  assert.equal(await page.evaluate(() => document.activeElement?.getAttribute('data-command')), 'stop');
});

test('what is read aloud is few: states, and progress at most every half minute', async () => {
  const { page, send } = await host.open();
  const { events } = RECORDED[0]!;
  await send(...stateAfter([20]));
  await settled(page);
  await page.evaluate(() => {
    const told: string[] = [];
    Object.assign(window, { told });
    const status = document.querySelector('[role=status].visually-hidden')!;
    new MutationObserver(() => told.push(status.textContent ?? '')).observe(status, {
      childList: true,
      characterData: true,
      subtree: true,
    });
  });
  for (let i = 21; i < 120; i++) await send({ type: 'run', run: runAfter(0, events.slice(0, i)) });
  await send({ type: 'run', run: { ...runAfter(0, events.slice(0, 120)), state: 'paused' } });
  await settled(page);
  const told = await page.evaluate(() => (window as unknown as { told: string[] }).told);
  assert.equal(told.at(-1), 'VeRA 64: Paused');
  assert.ok(told.length <= 2, `told ${told.length} times: ${told.join(' | ')}`);
});

test('whoever wants less motion sees none', async () => {
  const { page, send } = await host.open({ reducedMotion: true });
  await send(...stateAfter([60]));
  await send({ type: 'run', run: { ...runAfter(0, []), state: 'running', progress: { text: 'Reading weights' } } });
  await settled(page);
  await page.getByText('Reading weights').waitFor();
  const moving = await page.evaluate(
    () => document.getAnimations().filter(({ playState }) => playState === 'running').length,
  );
  assert.equal(moving, 0);
});
