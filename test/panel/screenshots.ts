/** Draws the panel with the recorded runs into a folder, in every theme: `node test/panel/screenshots.ts FOLDER`. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { panelHost, settled } from './open.ts';
import { RECORDED, stateAfter } from './recording.ts';
import { smaller } from './smaller.ts';
import type { ThemeName } from './themes.ts';

const folder = process.argv[2];
if (folder === undefined) throw new Error('name the folder for the pictures');
const host = await panelHost();
const middle = RECORDED.map(({ events }, place) => (place === 0 ? Math.round(events.length * 0.62) : events.length));
const pictures: [name: string, theme: ThemeName, width: number, taken: number[] | undefined][] = [
  ['panel-light', 'light', 1280, undefined],
  ['panel-dark', 'dark', 1280, middle],
  ['narrow-light', 'light', 480, undefined],
  ['contrast', 'high contrast', 1280, undefined],
  ['contrast-light', 'high contrast light', 1280, undefined],
];
for (const [name, theme, width, taken] of pictures) {
  const { page, send, complaints, violations } = await host.open({ theme, width });
  await send(...stateAfter(taken));
  await settled(page);
  // One screen of the wide panel; the whole of the narrow one.
  const { y, height } = (await page.locator('.columns').boundingBox())!;
  const clip = { x: 0, y: 0, width, height: Math.ceil(y + height + 16) };
  const picture = await page.screenshot({ fullPage: true, ...(width > 1000 ? { clip } : {}) });
  writeFileSync(join(folder, `${name}.png`), smaller(picture));
  console.log(name, complaints, await violations());
  await page.context().close();
}
process.exit(0);
