import type { Express } from 'express';
import { assertReadable } from '../../catalog/owners.ts';
import { PROTOCOL } from '../../protocol/method.ts';
import type { Daemon } from '../context.ts';
import type { Metrics } from '../metrics.ts';

/** GET /health, /version and /metrics. */
export function status(app: Express, { version, catalog, life }: Daemon, metrics: Metrics): void {
  app.get('/health', async (_request, response) => {
    await assertReadable(catalog.db);
    response.json({ status: life.draining() ? 'draining' : 'ok', pid: process.pid, startedAt: life.startedAt });
  });
  app.get('/version', (_request, response) => {
    response.json({ version, protocol: PROTOCOL });
  });
  app.get('/metrics', async (_request, response) => {
    response.set('Content-Type', metrics.contentType).send(await metrics.text());
  });
}
