// Slow: needs a browser.
/** Script in every string that the panel shows stays text, and the policy stops a script that comes in some other way. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ToPanel } from '../../daemon/protocol/panel.ts';
import { counted } from '../counted.ts';
import { panelHtml } from '../../webview/html.ts';
import { panelHost, settled } from './open.ts';
import { stateAfter } from './recording.ts';

const host = await panelHost();

const SCRIPTS = [
  '<script>window.hit = 1</script>',
  '<img src=x onerror="window.hit = 2">',
  '"><svg onload=window.hit=3>',
  '<iframe srcdoc="<script>parent.hit = 4</script>"></iframe>',
  '<a href="javascript:window.hit=5" autofocus onfocus="window.hit=6">x</a>',
  '<style>body { display: none }</style>',
  '${window.hit = 7}',
  "'-window.hit=8-'",
  '<base href="https://example.org/"><link rel=stylesheet href=//example.org/x.css>',
  '\u202e\u0000<b>',
];

/** Not texts: the protocol knows their few values. */
const FIXED = new Set(['type', 'state', 'connection', 'run', 'key', 'code', 'outcome']);

/** The message with `script` in place of every text that may be any. */
function poisoned(value: unknown, script: string, name = ''): unknown {
  if (typeof value === 'string') return FIXED.has(name) ? value : script;
  if (Array.isArray(value)) return value.map((item) => poisoned(item, script, name));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, poisoned(item, script, key)]));
}

test('injected script stays text wherever it is shown', async () => {
  counted('Script in every text of the panel', SCRIPTS.length);
  for (const script of SCRIPTS) {
    const { page, send, violations, complaints } = await host.open();
    const messages = stateAfter().map((message) => poisoned(message, script) as ToPanel);
    const [state] = messages;
    assert.ok(state?.type === 'state');
    state.runs[0] = {
      ...state.runs[0]!,
      state: 'failed',
      error: { code: 'data', message: script },
      waitingFor: script,
    };
    const requests: string[] = [];
    // The panel's own icon font comes when an icon is first drawn.
    page.on('request', (request) => {
      if (!request.url().includes('/codicon.ttf')) requests.push(request.url());
    });
    await send(...messages, { type: 'connection', connection: 'failed', message: script });
    for (const name of ['Numbers', 'Loss: table']) await page.getByRole('button', { name }).click();
    await settled(page);
    const texts = await page.evaluate(() => ({
      hit: (window as { hit?: number }).hit,
      title: document.querySelector('.run-header h1')?.textContent,
      made: document.querySelectorAll(
        'main script, main img, main svg, main iframe, main a, main b, main style, main base, main link',
      ).length,
      sample: document.querySelector('.samples .side pre')?.textContent,
    }));
    assert.deepEqual({ ...texts }, { hit: undefined, title: script, made: 0, sample: script }, script);
    assert.deepEqual(requests, [], script);
    assert.deepEqual(await violations(), [], script);
    assert.deepEqual(complaints, [], script);
    await page.context().close();
  }
});

test('the policy stops script, style, frames, pictures and requests that came in some other way', async () => {
  const { page, violations } = await host.open();
  await page.evaluate(async () => {
    const add = (tag: string, set: Record<string, string>): void => {
      const made = document.createElement(tag);
      for (const [name, value] of Object.entries(set)) made.setAttribute(name, value);
      document.body.append(made);
    };
    const policy = (window as unknown as { trustedTypes: { createPolicy(name: string, rules: object): unknown } })
      .trustedTypes;
    const tries = [
      () => (document.body.innerHTML += '<img src=x onerror="window.hit = 1">'),
      () => document.body.insertAdjacentHTML('beforeend', '<p>x</p>'),
      () => new Function('window.hit = 2')(), // eslint-disable-line @typescript-eslint/no-implied-eval
      () => void setTimeout('window.hit = 3'), // eslint-disable-line @typescript-eslint/no-implied-eval
      () => policy.createPolicy('other', { createHTML: (text: string) => text }),
      () => add('img', { src: 'https://example.org/x.png' }),
      () => add('iframe', { src: 'https://example.org/' }),
      () => add('link', { rel: 'stylesheet', href: 'https://example.org/x.css' }),
      () => add('p', { style: 'color: red', onclick: 'window.hit = 4' }),
      () => {
        const style = document.createElement('style');
        style.textContent = 'body { color: red }';
        document.body.append(style);
      },
    ];
    // In a task of its own: what the debugger itself evaluates may do what the page may not.
    await new Promise((done) => setTimeout(done));
    for (const attempt of tries) {
      try {
        attempt();
      } catch {
        // Refused at once.
      }
    }
    document.querySelector<HTMLElement>('p[onclick]')?.click();
    await fetch('https://example.org/').catch(() => undefined);
    await new Promise((done) => setTimeout(done, 200));
  });
  assert.equal(await page.evaluate(() => (window as { hit?: number }).hit), undefined);
  const stopped = new Set((await violations()).map((line) => line.split(' ')[0]));
  for (const directive of [
    'img-src',
    'frame-src',
    'connect-src',
    'style-src-elem',
    'style-src-attr',
    'require-trusted-types-for',
    'trusted-types',
  ])
    assert.ok(stopped.has(directive), `${directive} was not tried or not stopped: ${[...stopped].join(', ')}`);
});

test('the page takes no source or nonce that would loosen its policy, and quotes its addresses', () => {
  const options = { script: 's.js', styles: ['a.css'], cspSource: 'https://x', nonce: 'abcdefghijklmnop' };
  assert.throws(() => panelHtml({ ...options, nonce: "x' 'unsafe-inline" }), /nonce/);
  assert.throws(() => panelHtml({ ...options, cspSource: "x; script-src 'unsafe-inline'" }), /separator/);
  const html = panelHtml({ ...options, script: '"><script>alert(1)</script>' });
  assert.equal(html.match(/<script/g)?.length, 1);
  assert.match(html, /default-src &#39;none&#39;/);
});
