// Slow: needs a browser.
/** The panel in a real browser, with the events of real runs. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OpenPanel } from './open.ts';
import { panelHost, settled } from './open.ts';
import { keyOf, metricsAfter, RECORDED, runAfter, stateAfter } from './recording.ts';

const host = await panelHost();

const ended = RECORDED.map(({ events }) => events.length);

/** How many pixels of the loss chart belong to lines, and not to background or grid. */
const inked = (page: OpenPanel['page']): Promise<number> =>
  page.evaluate(() => {
    const canvas = document.querySelector<HTMLCanvasElement>('.chart-loss canvas');
    const pixels = canvas?.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height).data ?? [];
    let count = 0;
    // Colours of lines differ between channels, grey ones of text and grid do not.
    for (let i = 0; i < pixels.length; i += 4) {
      const channels = [pixels[i]!, pixels[i + 1]!, pixels[i + 2]!];
      if (pixels[i + 3]! > 60 && Math.max(...channels) - Math.min(...channels) > 40) count++;
    }
    return count;
  });

test('a panel without runs says what to do, and one that is not told yet waits', async () => {
  const { page, send } = await host.open();
  await assert.doesNotReject(page.getByText('Looking for runs...').waitFor({ state: 'visible' }));
  await send({ type: 'state', runs: [], active: null, connection: 'connected', view: null });
  await page.getByText('No training yet').waitFor({ state: 'visible' });
  assert.equal(await page.getByText('Looking for runs...').isVisible(), false);
});

test('points arrive live: the curve grows, and the figures follow', async () => {
  const { page, send, complaints } = await host.open();
  const { events } = RECORDED[0]!;
  const half = events.findIndex((event) => event.event === 'step' && event.step === 40) + 1;
  await send(...stateAfter([half]));
  await settled(page);
  const before = await inked(page);
  assert.ok(before > 500, `only ${before} pixels are drawn`);
  await page.getByText('40 of 150').waitFor();
  const rest = events.slice(half, events.findIndex((event) => event.event === 'step' && event.step === 120) + 1);
  for (let i = 1; i <= rest.length; i++) {
    await send(...metricsAfter(0, rest.slice(i - 1, i), false), {
      type: 'run',
      run: runAfter(0, events.slice(0, half + i)),
    });
  }
  await page.getByText('120 of 150').waitFor();
  await settled(page);
  const last = rest.findLast((event) => event.event === 'step');
  const cells = await page.locator('.runs-table tbody td').allTextContents();
  assert.equal(cells[2], last?.loss.toPrecision(4));
  assert.notEqual(await inked(page), before);
  // Ignore the browser's warning that this test itself reads pixels.
  assert.deepEqual(complaints.filter((text) => !text.includes('willReadFrequently')), []); // prettier-ignore
});

test('charts follow the width of the panel, also when it changes often', async () => {
  const { page, send } = await host.open();
  await send(...stateAfter());
  await settled(page);
  for (let width = 1280; width >= 900; width -= 20) await page.setViewportSize({ width, height: 900 });
  await settled(page);
  const widths = await page
    .locator('.chart')
    .evaluateAll((charts) =>
      charts.map((chart) => [
        chart.querySelector('.uplot')!.clientWidth,
        chart.querySelector('[role="slider"]')!.clientWidth,
      ]),
    );
  assert.ok(widths.length >= 4);
  for (const [drawn, place] of widths) assert.equal(drawn, place);
});

test('a resumed run takes its steps again and shows no point twice', async () => {
  const { page, send } = await host.open();
  const { events } = RECORDED[0]!;
  const upTo = (step: number): number => events.findIndex((event) => event.event === 'step' && event.step === step) + 1;
  await send(...stateAfter([upTo(60)]));
  await send(...metricsAfter(0, events.slice(upTo(50), upTo(70)), false));
  await page.getByRole('button', { name: 'Loss: table' }).click();
  await settled(page);
  await page.getByRole('button', { name: 'Loss: Last rows' }).click();
  const steps = (await page.locator('.chart-loss tbody th').allTextContents()).map(Number);
  assert.equal(steps.at(-1), 70);
  assert.deepEqual(
    steps,
    [...new Set(steps)].sort((a, b) => a - b),
  );
});

test('buttons are those that the state allows, each sends its command, and an answer is shown', async () => {
  const { page, send, sent } = await host.open();
  const { events } = RECORDED[0]!;
  await send(...stateAfter([60]));
  const buttons = page.locator('.run-header .buttons vscode-button');
  const shown = async (): Promise<(string | null)[]> =>
    buttons.evaluateAll((all) => all.map((one) => one.getAttribute('data-command')));
  await page.getByRole('button', { name: 'Pause' }).waitFor();
  assert.deepEqual(await shown(), ['pause', 'stop', 'runAgain', 'openFolder']);
  await page.getByRole('button', { name: 'Pause' }).click();
  const command = (await sent()).find((message) => message.type === 'command');
  assert.deepEqual(command, { type: 'command', request: 1, command: 'pause', run: keyOf(0) });
  assert.equal(await page.locator('[data-command=pause]').getAttribute('aria-busy'), 'true');
  await page.locator('[data-command=pause]').click({ force: true });
  assert.equal((await sent()).filter((message) => message.type === 'command').length, 1, 'a busy button sends nothing');
  await send({ type: 'answer', request: 1, error: 'the daemon is draining' });
  await page.getByRole('alert').filter({ hasText: 'the daemon is draining' }).waitFor();
  const states = [
    ['queued', ['pause', 'stop', 'runAgain', 'openFolder']],
    ['pausing', ['stop', 'runAgain', 'openFolder']],
    ['paused', ['resume', 'stop', 'runAgain', 'openFolder']],
    ['cancelling', ['runAgain', 'openFolder']],
    ['cancelled', ['retry', 'runAgain', 'openFolder']],
    ['failed', ['retry', 'runAgain', 'openFolder']],
  ] as const;
  for (const [state, expected] of states) {
    await send({ type: 'run', run: { ...runAfter(0, events.slice(0, 60)), state } });
    await settled(page);
    assert.deepEqual(await shown(), expected, state);
  }
  await send(...stateAfter([ended[0]!]));
  await settled(page);
  assert.deepEqual(await shown(), ['activate', 'tryIt', 'merge', 'export', 'runAgain', 'openFolder']);
  for (const name of await shown()) await page.locator(`[data-command=${name}]`).click();
  const commands = (await sent()).filter((message) => message.type === 'command').map((message) => message.command);
  assert.deepEqual(commands, ['pause', 'activate', 'tryIt', 'merge', 'export', 'runAgain', 'openFolder']);
  await send({ type: 'active', active: { id: 1, name: 'VeRA 64' } });
  await page.locator('[data-command=deactivate]').waitFor();
  assert.equal(await page.locator('.active-mark').isVisible(), true);
});

test('the table holds the numbers of the chart', async () => {
  const { page, send } = await host.open();
  await send(...stateAfter());
  await page.getByRole('button', { name: 'Loss: table' }).click();
  const table = page.locator('.chart-loss .data-table');
  const rows: string[][] = [];
  await table.locator('tbody tr').first().waitFor();
  await settled(page);
  const head = await table.locator('thead th').allTextContents();
  assert.deepEqual(head.slice(0, 4), ['Step', '1 train', '1 smoothed', '1 held-out']);
  for (;;) {
    rows.push(
      ...(await table
        .locator('tbody tr')
        .evaluateAll((all) => all.map((row) => [...row.children].map((cell) => cell.textContent ?? '')))),
    );
    const where = (await table.locator('.where').textContent()) ?? '';
    const [, last, total] = /to ([\d,]+) of ([\d,]+)/.exec(where) ?? [];
    if (last === total) break;
    await page.getByRole('button', { name: 'Loss: Rows after' }).click();
  }
  assert.equal(rows.length, 151);
  RECORDED.forEach(({ events }, place) => {
    const column = head.indexOf(`${place + 1} train`);
    for (const event of events) {
      if (event.event === 'step')
        assert.equal(rows[event.step]![column], event.loss.toPrecision(4), `step ${event.step}`);
      if (event.event === 'eval')
        assert.equal(rows[event.step]![column + 2], event.loss.toPrecision(4), `evaluation at ${event.step}`);
    }
  });
});

test('dragging zooms, hovering shows values, a double click shows everything', async () => {
  const { page, send } = await host.open();
  await send(...stateAfter());
  await settled(page);
  const over = page.locator('.chart-loss .u-over');
  const box = (await over.boundingBox())!;
  const [left, right, y] = [box.x + box.width * 0.4, box.x + box.width * 0.6, box.y + 100];
  await page.mouse.move(left, y);
  await settled(page);
  const caption = page.locator('.runs-table caption');
  assert.match((await caption.textContent()) ?? '', /step 60$/);
  const step60 = RECORDED[1]!.events.find((event) => event.event === 'step' && event.step === 60);
  const values = await page.locator('.runs-table tbody tr').nth(1).locator('td.number').allTextContents();
  assert.equal(values[0], step60?.event === 'step' ? step60.loss.toPrecision(4) : undefined);
  await page.mouse.down();
  await page.mouse.move((left + right) / 2, y, { steps: 4 });
  await page.mouse.move(right, y, { steps: 4 });
  await page.mouse.up();
  await settled(page);
  const slider = page.getByRole('slider', { name: 'Loss', exact: true });
  const range = async (): Promise<number[]> => [
    Number(await slider.getAttribute('aria-valuemin')),
    Number(await slider.getAttribute('aria-valuemax')),
  ];
  const [from, to] = await range();
  assert.ok(Math.abs(from! - 60) <= 1 && Math.abs(to! - 90) <= 1, `zoomed to ${from} to ${to}`);
  const others = page.getByRole('slider', { name: 'Gradient norm' });
  assert.equal(Number(await others.getAttribute('aria-valuemin')), from, 'all charts zoom together');
  await over.dblclick();
  await settled(page);
  assert.deepEqual(await range(), [0, 150]);
});

test('a choice of the view is kept over a reload, and told to the extension', async () => {
  const { page, send, sent } = await host.open();
  await send(...stateAfter());
  await page.getByRole('button', { name: 'Log scale' }).click();
  await page.getByLabel('Draw LoRA 8').uncheck();
  await page.getByText('1,000,000', { exact: true }).click();
  await page.getByRole('button', { name: 'VeRA 16' }).click();
  await settled(page);
  await page.waitForTimeout(300);
  const view = (await sent()).findLast((message) => message.type === 'view')?.view;
  assert.ok(view);
  assert.deepEqual([view.logScale, view.hidden, view.adapters, view.focus], [true, [keyOf(2)], 1_000_000, keyOf(1)]);
  await page.reload();
  await page.waitForFunction(() => window.sent.length > 0);
  assert.deepEqual((await sent())[0], { type: 'ready' });
  await send(...stateAfter());
  await settled(page);
  assert.equal(await page.getByRole('heading', { level: 1 }).first().textContent(), 'VeRA 16');
  assert.equal(await page.getByLabel('Draw LoRA 8').isChecked(), false);
  assert.equal(await page.getByRole('button', { name: 'Log scale' }).getAttribute('aria-pressed'), 'true');
  await page.getByText('1,000,000 adapters on disk').waitFor();
});

test('savings, samples and the heat map show what was told', async () => {
  const { page, send, sent } = await host.open();
  await send(...stateAfter());
  await settled(page);
  const { savings, baselines, learned, events } = RECORDED[0]!;
  const first = await page.locator('.savings-table tbody tr').first().locator('.amount').allTextContents();
  assert.deepEqual(
    first,
    [savings, ...baselines].map(({ parameters }) => parameters.toLocaleString('en-US')),
  );
  await page.getByText(`measured ${savings.parameters.toLocaleString('en-US')}`).waitFor();
  const cells = await page
    .locator('.heat tbody td')
    .evaluateAll((all) => all.map((cell) => (cell as HTMLElement).dataset['about']));
  assert.equal(cells.length, learned!.layers.length * learned!.modules.length);
  assert.match(
    cells[0] ?? '',
    new RegExp(`^${learned!.modules[0]}, layer 0: mean \\|b\\| ${learned!.figures[0]!.values[0]![0]!.toPrecision(4)}$`),
  );
  const texts = await page.locator('.sample .side pre').allTextContents();
  const told = events.flatMap((event) => (event.event === 'sample' ? [event.text] : []));
  assert.deepEqual([...texts].sort(), told.sort());
  await page.getByRole('button', { name: 'Copy sample 1, after' }).click();
  assert.ok((await sent()).some((message) => message.type === 'copy' && told.includes(message.text)));
});

test('a run ends with its verdict, and its completions stand beside those of the base', async () => {
  const { page, send, sent } = await host.open();
  await send(...stateAfter());
  await page
    .locator('.verdict')
    .getByText(/^On the held-out rows, the loss fell from/)
    .waitFor();
  const card = page.locator('.evaluation');
  await card.getByText(/notes completes 19 of 100 exactly, the base 11.*It completes better than the base\./).waitFor();
  const rows = await card.locator('tbody tr').allInnerTexts();
  assert.deepEqual(
    rows.map((row) => row.split(/\s+/)[0]),
    ['base', 'notes', 'imported'],
  );
  assert.match(rows[1]!, /19\.0 %\s*\+8\.0 \(\+2\.0 to \+15\.0\)/);
  await card.getByText(/120 places in 22 files/).waitFor();
  await card.getByText(/imported does not say what it was trained on/).waitFor();
  await card.getByRole('button', { name: 'Evaluate completions...' }).click();
  const [asked] = (await sent()).filter(({ type }) => type === 'evaluate');
  assert.ok(asked?.type === 'evaluate' && asked.run === keyOf(0));
  await send({ type: 'answer', request: asked.request, error: 'There is no code.' });
  await card.getByText('There is no code.').waitFor();
});

test('a run without an evaluation says what one does', async () => {
  const { page, send } = await host.open();
  await send(...stateAfter().filter(({ type }) => type !== 'evaluation'));
  await page
    .locator('.evaluation')
    .getByText(/^Not measured yet\. An evaluation asks the base and this adapter/)
    .waitFor();
  assert.equal(await page.locator('.evaluation table').isVisible(), false);
});

test('what became of completions is shown in words and figures, and its buttons send what they say', async () => {
  const { page, send, sent } = await host.open();
  await send(...stateAfter());
  const card = page.locator('.completions');
  await card.getByText('405 of 1,204 completions were accepted.').waitFor();
  const text = await card.innerText();
  for (const part of ['88 % of the accepted characters were still there', '95 of them in part', '14,902', '184 ms'])
    assert.ok(text.includes(part), `${part} is not in ${text}`);
  await card.getByText('12 texts are stored. Counts and texts stay on this machine.').waitFor();
  for (const name of ['Pause counting', 'Show stored texts', 'Delete all...'])
    await card.getByRole('button', { name }).click();
  assert.equal(await card.getByRole('button', { name: 'Resume counting' }).isVisible(), false);
  const commands = (await sent()).flatMap((message) => (message.type === 'completions' ? [message.command] : []));
  assert.deepEqual(commands, ['pause', 'texts', 'forget']);
  await send({ type: 'answer', request: 3, error: 'the daemon is draining' });
  await card.getByRole('alert').filter({ hasText: 'draining' }).waitFor();
  await page.locator('.runs-table button').nth(1).click();
  await card.getByText('No completion of this adapter was shown yet.').waitFor();
  await card.getByText('Counting is paused. No texts are stored.').waitFor();
  assert.deepEqual(await card.getByRole('button').allInnerTexts(), ['Resume counting']);
});

test('a daemon that is gone and a run that failed are said', async () => {
  const { page, send } = await host.open();
  await send(...stateAfter([60]));
  await send({ type: 'connection', connection: 'failed', message: null });
  await page.getByRole('alert').filter({ hasText: 'daemon cannot be reached' }).waitFor();
  await send({ type: 'connection', connection: 'connected', message: null });
  const run = { ...runAfter(0, RECORDED[0]!.events.slice(0, 60)), state: 'failed' as const };
  await send({
    type: 'run',
    run: { ...run, error: { code: 'numeric', message: 'the loss is not finite at step 41' } },
  });
  await page.getByRole('alert').filter({ hasText: 'not finite at step 41' }).waitFor();
  assert.equal(await page.getByRole('alert').filter({ hasText: 'daemon' }).isVisible(), false);
});
