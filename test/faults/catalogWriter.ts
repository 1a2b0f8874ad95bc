/**
 * A process that changes a catalog until it is killed. Arguments: the file, and 'write' or 'migrate'. 'write' prints the
 * number of each adapter when its insertion was acknowledged. 'migrate' applies a slow second migration.
 */
import { writeSync } from 'node:fs';
import { openCatalog } from '../../daemon/catalog/open.ts';
import { MIGRATIONS } from '../../daemon/catalog/migrations/registry.ts';
import { add, someContent } from '../catalog.ts';
import { SLOW_STEP } from './catalogSteps.ts';

const [file, task] = process.argv.slice(2);
writeSync(1, 'ready\n');
const catalog = await openCatalog(file!, task === 'migrate' ? { migrations: [...MIGRATIONS, SLOW_STEP] } : {});
if (task === 'write') {
  for (let i = 0; ; i++) {
    const seed = process.pid * 1000 + i;
    // Two at once share a commit; each is acknowledged by itself.
    const rows = await Promise.all(
      [0, 1].map((k) =>
        add(catalog, `${process.pid} ${i} ${k}`, { note: 'n'.repeat((i * 97) % 5000) }, someContent(seed + k)),
      ),
    );
    for (const row of rows) writeSync(1, `${row.id} ${row.hash}\n`);
  }
}
writeSync(1, 'done\n');
await catalog.close();
