/** One person's VS Code for a test, with the packaged extension, a browser that shows it, and common actions. */
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import { startChromium } from '../browser/chromium.ts';
import { smaller } from '../panel/smaller.ts';
import { root } from '../sources.ts';
import { openWorkbench, panel, PATIENCE } from './driver.ts';
import { prepare } from './prepare.ts';
import { startWorkbench, type Workbench, type WorkbenchOptions } from './server.ts';

const MOST_BYTES = 40e6; // of the VSIX: most of it are the libraries of onnxruntime
const screenshots = process.env['VERA_SCREENSHOTS'];

/** Milliseconds for a run on a machine that has other work. */
export const LONG = 300_000;

export interface Session {
  readonly workbench: Workbench;
  readonly page: Page;
  /** A picture for the documents, where they are asked for (VERA_SCREENSHOTS: their folder). */
  readonly shot: (name: string) => Promise<void>;
  /** Waits until what a function reads satisfies a condition. */
  readonly until: <T>(
    what: string,
    read: () => Promise<T>,
    holds: (value: T) => boolean,
    patience?: number,
  ) => Promise<T>;
  /** The step that the panel shows, 0 before the first. */
  readonly shownStep: () => Promise<number>;
  /** State of the run that the panel shows. */
  readonly stateWord: () => Promise<string>;
  readonly close: () => Promise<void>;
}

/** name: of the picture that is made where the test fails. files: of the workspace, by path. */
export async function startSession(
  name: string,
  files: Readonly<Record<string, string>>,
  options: WorkbenchOptions = {},
): Promise<Session> {
  const vsix = await prepare();
  const { size } = statSync(vsix);
  assert.ok(size < MOST_BYTES, `the VSIX has ${size} bytes, more than ${MOST_BYTES}`);
  const workbench = await startWorkbench(vsix, files, options);
  const browser = await startChromium().catch(async (error: unknown) => {
    await workbench.close();
    throw error;
  });
  const close = async (): Promise<void> => {
    await browser.close();
    await workbench.close();
  };
  let page: Page;
  try {
    page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
    await openWorkbench(page, workbench.url);
  } catch (error) {
    await close();
    throw error;
  }
  return {
    ...{ workbench, page, close },
    shot: async (picture) => {
      if (screenshots === undefined) return;
      mkdirSync(screenshots, { recursive: true });
      await page.mouse.move(720, 880); // a pointer over a chart or a button would show its tip
      await page.waitForTimeout(700);
      writeFileSync(join(screenshots, `${picture}.png`), smaller(await page.screenshot()));
    },
    until: async (what, read, holds, patience = PATIENCE) => {
      let last: unknown;
      for (const end = performance.now() + patience; performance.now() < end; await page.waitForTimeout(250)) {
        const value = await read().catch(() => undefined);
        last = value;
        if (value !== undefined && holds(value)) return value;
      }
      await page.screenshot({ path: join(root, 'dist-vsix', `${name}-failure.png`) });
      throw new Error(
        `${what}: not in ${patience / 1000} s; last: ${JSON.stringify(last)}\n${workbench.log().slice(-4000)}`,
      );
    },
    shownStep: async () => {
      const text = await panel(page).locator('.figures dd .value').first().innerText({ timeout: 2000 });
      return Number(/^[\d,]+/.exec(text)?.[0].replaceAll(',', '') ?? 0);
    },
    stateWord: () => panel(page).locator('.run-header .state').innerText({ timeout: 2000 }),
  };
}
