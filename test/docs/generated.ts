import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ARCHITECTURES } from '../../daemon/models/registry.ts';
import { root } from '../sources.ts';
import { formatsPage } from './formatsPage.ts';
import { protocolPage } from './protocolPage.ts';
import { settingsPage } from './settingsPage.ts';

/** The README with the list of architectures between its marks. */
function readme(): string {
  const names = ARCHITECTURES.map((name) => `\`${name}\``);
  const list = `${names.slice(0, -1).join(', ')} or ${names.at(-1)!}.`;
  return readFileSync(join(root, 'README.md'), 'utf8').replace(
    /(<!-- architectures -->\n)[\s\S]*?(\n<!-- end -->)/,
    (_, before: string, after: string) => before + list + after,
  );
}

/** The generated pages of docs/, and the README, of which only a list is generated. */
export const GENERATED: Record<string, () => string> = {
  'docs/formats.md': formatsPage,
  'docs/protocol.md': protocolPage,
  'docs/settings.md': settingsPage,
  'README.md': readme,
};
