import { freemem, totalmem } from 'node:os';
import type * as life from '../../protocol/life.ts';
import { PROTOCOL } from '../../protocol/method.ts';
import type { Handlers } from '../context.ts';
import { catalogBytes } from '../metrics.ts';

export const lifeHandlers: Handlers<typeof life> = {
  status: ({ daemon: { catalog, queue, version, life, clients } }) => ({
    version,
    protocol: PROTOCOL,
    pid: process.pid,
    startedAt: life.startedAt,
    draining: life.draining(),
    jobs: queue.counts(),
    clients: clients(),
    memory: {
      rssBytes: process.memoryUsage.rss(),
      freeBytes: freemem(),
      totalBytes: totalmem(),
      budgetBytes: queue.budgetBytes(),
    },
    idleAt: life.idleAt(),
    catalog: {
      file: catalog.file,
      bytes: catalogBytes(catalog.file),
      schema: catalog.schema,
      notes: catalog.notes,
    },
    logs: life.logsFolder,
  }),
  stop: ({ daemon: { queue, life, log } }) => {
    const { running, queued, paused } = queue.counts();
    // Stop after the answer has left.
    setTimeout(() => {
      life.stop().catch((error: unknown) => log.error({ err: error }, 'the daemon could not end in order'));
    }, 20);
    return { jobs: running + queued + paused };
  },
  drain: ({ daemon: { queue, life } }) => {
    life.drain();
    return { running: queue.counts().running };
  },
};
