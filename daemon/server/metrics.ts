import { statSync } from 'node:fs';
import { collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { countJobs } from '../catalog/jobs.ts';
import type { Daemon } from './context.ts';
import { engineMetrics } from './engineMetrics.ts';

export interface Metrics {
  /** Seconds from a request to its answer. */
  readonly rpc: Histogram<'method' | 'outcome'>;
  /** The text of GET /metrics, with its media type. */
  text(): Promise<string>;
  readonly contentType: string;
}

/** Bytes of the catalog, including its write-ahead log. */
export const catalogBytes = (file: string): number =>
  [file, `${file}-wal`].reduce((sum, path) => sum + (statSync(path, { throwIfNoEntry: false })?.size ?? 0), 0);

/** Metrics of the daemon, in a registry of its own, so that two servers in one process stay apart. */
export function openMetrics({ catalog, engines, clients, version }: Daemon): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  new Gauge({ name: 'vera_info', help: 'Version of the daemon', labelNames: ['version'], registers }).set(
    { version },
    1,
  );
  new Gauge({
    ...{ name: 'vera_jobs', help: 'Jobs by state', labelNames: ['state'], registers },
    async collect() {
      const counts = await countJobs(catalog.db);
      this.reset();
      for (const { state, jobs } of counts) this.set({ state }, jobs);
    },
  });
  new Gauge({
    ...{ name: 'vera_clients', help: 'Clients that are connected', registers },
    collect() {
      this.set(clients());
    },
  });
  new Gauge({
    ...{ name: 'vera_catalog_bytes', help: 'Size of the catalog with its log', registers },
    collect() {
      this.set(catalogBytes(catalog.file));
    },
  });
  engineMetrics(engines, registry);
  const rpc = new Histogram({
    ...{ name: 'vera_rpc_seconds', help: 'Time from a request to its answer', registers },
    labelNames: ['method', 'outcome'] as const,
    buckets: [0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 30, 120],
  });
  return { rpc, text: () => registry.metrics(), contentType: registry.contentType };
}
