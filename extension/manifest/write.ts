/** `npm run manifest`: writes package.nls.json and the parts of package.json that VS Code reads. */
import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { datasets } from './datasets.ts';
import { activationEvents, capabilities, contributes, manifestTexts } from './manifest.ts';

const root = resolve(import.meta.dirname, '../..');
const file = resolve(root, 'package.json');
const manifest = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
Object.assign(manifest, {
  activationEvents: activationEvents(),
  capabilities: capabilities(),
  contributes: contributes(),
  datasets: datasets(),
});
writeFileSync(file, JSON.stringify(manifest, null, 2) + '\n');
writeFileSync(resolve(root, 'package.nls.json'), JSON.stringify(manifestTexts(), null, 2) + '\n');
