/** A catalog with many adapters and runs, written as the daemon does, before it starts. */
import { insertAdapter } from '../../daemon/catalog/adapters.ts';
import { openCatalog } from '../../daemon/catalog/open.ts';
import { ensureUser, projectOfFolder } from '../../daemon/catalog/owners.ts';
import { catalogFile } from '../../daemon/home.ts';
import { setState } from '../../daemon/jobs/state.ts';
import { submitJob } from '../../daemon/jobs/submit.ts';
import { someContent } from '../catalog.ts';

export interface Crowd {
  /** State folder of the daemon. */
  readonly home: string;
  readonly workspace: string;
  readonly adapters: number;
  readonly runs: number;
}

/** Adapters draft-1, keep-2, draft-3... of two bases, each second one in the workspace's project; and runs poem-1, poem-2... that ended. */
export async function crowd({ home, workspace, adapters, runs }: Crowd): Promise<void> {
  process.env['VERA_HOME'] = home;
  const catalog = await openCatalog(catalogFile());
  const user = await catalog.change((change) => ensureUser(change));
  const project = await catalog.change((change) => projectOfFolder(change, workspace));
  await catalog.change(async (change) => {
    for (let i = 1; i <= adapters; i++) {
      const name = i % 5 === 0 ? 'tiny-llama' : 'some-model';
      const fingerprint = (i % 5 === 0 ? 'cd' : 'ab').repeat(32);
      const base = { fingerprint, spec: `org/${name}`, architecture: 'llama', parameters: 1000 };
      await insertAdapter(change, someContent(i, { base }), {
        ...{ name: `${i % 5 === 0 ? 'keep' : 'draft'}-${i}`, userId: user, projectId: i % 2 === 0 ? project : null },
        ...{ actor: 'test', tags: i % 5 === 0 ? ['good'] : [], losses: { train: 1 + i / 100 } },
      });
    }
  });
  for (let i = 1; i <= runs; i++)
    await catalog.change(async (change) => {
      const settings = { data: `/data/poems-${i % 3}.jsonl`, base: i % 2 === 0 ? 'org/some-model' : 'org/tiny-llama' };
      const spec = { kind: 'train', name: `poem-${i}`, settings };
      const job = await submitJob(change, { spec, workspace, priority: 0, needs: [], key: undefined }, 'test');
      const error = { code: 'runtime' as const, message: 'the worker ended' };
      await (i % 2 === 0 ? setState(change, job, 'cancelled') : setState(change, job, 'failed', { error }));
    });
  await catalog.close();
}
