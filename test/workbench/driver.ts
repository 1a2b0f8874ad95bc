/** What a person does in VS Code: clicks, menus, commands. */
import type { FrameLocator, Locator, Page } from 'playwright-core';

/** Milliseconds; machines that test have other work too. */
export const PATIENCE = 120_000;

export async function openWorkbench(page: Page, url: string): Promise<void> {
  await page.goto(url);
  await page.locator('.monaco-workbench').waitFor({ timeout: PATIENCE });
  await page.locator('.explorer-folders-view .monaco-list-row').first().waitFor({ timeout: PATIENCE });
  // The extension's menus are there when its container is.
  await activityBar(page, 'VeRA Studio').first().waitFor({ timeout: PATIENCE });
}

export const explorerRow = (page: Page, name: string): Locator =>
  page.locator('.explorer-folders-view .monaco-list-row', {
    has: page.locator('.label-name', { hasText: new RegExp(`^${name.replaceAll('.', '\\.')}$`) }),
  });

/** Right-clicks and chooses from the menu. A click that comes at once is lost: it is repeated until the menu is gone. */
export async function chooseFromMenu(page: Page, target: Locator, item: string): Promise<void> {
  const entry = page.locator('.context-view .monaco-menu .action-item', { hasText: item }).first();
  for (let i = 0; ; i++) {
    try {
      await target.click({ button: 'right', timeout: i < 4 ? 10_000 : PATIENCE });
      await entry.waitFor({ timeout: 10_000 });
      break;
    } catch (error) {
      if (i === 4) throw error;
      await page.keyboard.press('Escape');
      await page.mouse.move(720, 880); // away from what a tip that hides the target is about
    }
  }
  for (let i = 0; i < 20 && (await entry.isVisible()); i++) {
    await page.waitForTimeout(200);
    await entry.click({ timeout: 1000 }).catch(() => undefined);
  }
}

export const quickPick = (page: Page): Locator => page.locator('.quick-input-widget:not([style*="display: none"])');
export const pickLine = (page: Page, text: string | RegExp): Locator =>
  quickPick(page).locator('.monaco-list-row', { hasText: text }).first();

/** Runs a command by its title. */
export async function command(page: Page, title: string): Promise<void> {
  await page.keyboard.press('F1');
  const input = quickPick(page).locator('input').first();
  await input.waitFor({ timeout: PATIENCE });
  await input.fill(`>${title}`);
  // The first line may be another command that has the same words.
  await pickLine(page, title).click({ timeout: PATIENCE });
}

/** The training panel's page. */
export const panel = (page: Page): FrameLocator =>
  page.frameLocator('iframe.webview.ready').frameLocator('iframe#active-frame');

export const activityBar = (page: Page, title: string): Locator =>
  page.locator(`.activitybar .action-item a[aria-label^="${title}"]`);

export async function showSideBar(page: Page, title: string): Promise<void> {
  const tab = activityBar(page, title).first();
  await tab.waitFor({ timeout: PATIENCE });
  const item = page.locator('.activitybar .action-item', { has: page.locator(`a[aria-label^="${title}"]`) }).first();
  // Its badge lies above it.
  if (!(await item.getAttribute('class'))?.includes('checked')) await tab.click({ force: true });
}

/** A row of a view of this extension. */
export const viewRow = (page: Page, text: string | RegExp): Locator =>
  page.locator('.pane-body .monaco-list-row', { hasText: text }).first();

export const statusBar = (page: Page, text: string | RegExp): Locator =>
  page.locator('.statusbar-item', { hasText: text }).first();

/** Drags the border between side bar and editor. */
export async function widenSideBar(page: Page, pixels: number): Promise<void> {
  const box = await page.locator('.part.sidebar').boundingBox();
  if (box === null) return;
  const [x, y] = [box.x + box.width, box.y + box.height / 2];
  await page.mouse.move(x, y);
  await page.mouse.down();
  await page.mouse.move(x + pixels / 2, y);
  await page.mouse.move(x + pixels, y);
  await page.mouse.up();
}
