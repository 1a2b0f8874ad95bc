import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { after } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { buildWebview } from '../../build-webview.ts';
import { fromPanel, toPanel } from '../../daemon/protocol/panel.ts';
import type { FromPanel, ToPanel } from '../../daemon/protocol/panel.ts';
import { panelHtml } from '../../webview/html.ts';
import { startChromium } from '../browser/chromium.ts';
import { temporaryFolder } from '../temporary.ts';
import { type ThemeName, THEMES } from './themes.ts';

declare global {
  interface Window {
    sent: unknown[];
    violations: string[];
    kept: unknown;
  }
}

const TYPES: Readonly<Record<string, string>> = { js: 'text/javascript', css: 'text/css', ttf: 'font/ttf' };

export interface OpenPanel {
  readonly page: Page;
  /** Plays messages of the extension; each is checked against the protocol. */
  readonly send: (...messages: ToPanel[]) => Promise<void>;
  /** The messages that the panel has sent so far, checked against the protocol. */
  readonly sent: () => Promise<FromPanel[]>;
  /** What the content security policy refused. */
  readonly violations: () => Promise<string[]>;
  /** Errors and warnings of the page. */
  readonly complaints: string[];
}

export interface PanelHost {
  open(options?: {
    theme?: ThemeName;
    width?: number;
    height?: number;
    state?: unknown;
    scale?: number;
    reducedMotion?: boolean;
  }): Promise<OpenPanel>;
}

/** Frames of work in pieces after which the panel shows all that it was told; counted, so that a slow machine takes longer. */
const FRAMES = 30;

export const settled = (page: Page): Promise<void> =>
  page.evaluate(async (frames) => {
    for (let i = 0; i < frames; i++) await new Promise(requestAnimationFrame);
  }, FRAMES);

/**
 * Builds the panel and serves it on 127.0.0.1 like a webview: same page, same policy, and `acquireVsCodeApi` before its
 * script.
 */
export async function panelHost(): Promise<PanelHost> {
  const files = temporaryFolder();
  await buildWebview(join(files, 'webview'));
  const server = createServer((request, response) => {
    const name = new URL(request.url ?? '/', 'http://localhost').pathname.slice(1);
    if (name === '') {
      const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      response.setHeader('content-type', 'text/html');
      const styles = [`${origin}/panel.css`, `${origin}/codicon.css`];
      response.end(
        panelHtml({
          script: `${origin}/panel.js`,
          styles,
          cspSource: origin,
          nonce: randomBytes(16).toString('base64'),
        }),
      );
      return;
    }
    const type = TYPES[name.split('.').at(-1) ?? ''];
    if (type === undefined || name.includes('/')) {
      response.writeHead(404).end();
      return;
    }
    response.setHeader('content-type', type);
    response.end(readFileSync(resolve(files, 'webview', name)));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  const browser: Browser = await startChromium();
  after(async () => {
    await browser.close();
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  });

  return {
    async open({ theme = 'dark', width = 1280, height = 900, state = null, scale = 1, reducedMotion = false } = {}) {
      const context = await browser.newContext({
        ...{
          viewport: { width, height },
          deviceScaleFactor: scale,
          reducedMotion: reducedMotion ? 'reduce' : 'no-preference',
        },
      });
      const page = await context.newPage();
      const complaints: string[] = [];
      page.on('pageerror', (error) => complaints.push(String(error)));
      page.on('console', (message) => {
        if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
      });
      await page.addInitScript(asVsCode, { theme: THEMES[theme], state });
      await page.goto(`http://127.0.0.1:${port}/`);
      await page.waitForFunction(() => window.sent.length > 0);
      return {
        page,
        complaints,
        async send(...messages) {
          const checked = messages.map((message) => toPanel.parse(message));
          await page.evaluate((all) => all.forEach((message) => window.postMessage(message)), checked);
        },
        sent: async () => (await page.evaluate(() => window.sent)).map((message) => fromPanel.parse(message)),
        violations: () => page.evaluate(() => window.violations),
      };
    },
  };
}

/** What VS Code does to a webview's page before its own script runs. */
function asVsCode({ theme, state }: { theme: (typeof THEMES)[ThemeName]; state: unknown }): void {
  window.sent = [];
  window.violations = [];
  const kept = sessionStorage.getItem('state');
  window.kept = kept === null ? state : JSON.parse(kept);
  document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI, sample }) => {
    window.violations.push(`${violatedDirective} ${blockedURI} ${sample}`);
  });
  Object.assign(window, {
    acquireVsCodeApi: () => ({
      postMessage: (message: unknown) => void window.sent.push(structuredClone(message)),
      getState: () => window.kept,
      setState: (next: unknown) => {
        window.kept = next;
        sessionStorage.setItem('state', JSON.stringify(next));
      },
    }),
  });
  const dress = (): boolean => {
    if (!document.body) return false;
    for (const [name, value] of Object.entries(theme.variables))
      document.documentElement.style.setProperty(`--vscode-${name}`, value);
    document.body.className = theme.body;
    document.body.dataset['vscodeThemeKind'] = theme.kind;
    return true;
  };
  if (dress()) return;
  const observer = new MutationObserver(() => {
    if (dress()) observer.disconnect();
  });
  observer.observe(document, { childList: true, subtree: true });
}
