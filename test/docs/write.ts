/** `npm run docs`: writes the generated pages of docs/. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../sources.ts';
import { GENERATED } from './generated.ts';

for (const [file, page] of Object.entries(GENERATED)) writeFileSync(join(root, file), page());
