import { join, sep } from 'node:path';
import * as stored from '../../catalog/adapters.ts';
import { dependentsOfAdapter } from '../../catalog/dependents.ts';
import { addExport, readDataset } from '../../catalog/records.ts';
import { readRun } from '../../catalog/runs.ts';
import { packAdapter, unpackAdapter } from '../../catalog/transfer.ts';
import { exportOffers } from '../../export/offers.ts';
import { cacheFolder } from '../../home.ts';
import { saveStored } from '../../jobs/stored.ts';
import { learned } from '../../methods/learned.ts';
import { adapterMethod } from '../../methods/registry.ts';
import { savings } from '../../methods/savings.ts';
import { startsLate } from '../../methods/start.ts';
import { storedForm } from '../../methods/stored.ts';
import type * as adapters from '../../protocol/adapters.ts';
import type { Handlers } from '../context.ts';
import { plain } from './settings.ts';

export const adapterHandlers: Handlers<typeof adapters> = {
  list: ({ daemon: { catalog } }, params) => stored.listAdapters(catalog.db, params),
  get: ({ daemon: { catalog } }, which) => stored.getAdapter(catalog.db, which),
  async lineage({ daemon: { catalog } }, which) {
    const lineage = await stored.adapterLineage(catalog.db, which);
    const { dataset, run } = lineage.adapter;
    return {
      ...lineage,
      dataset: dataset === null ? null : await readDataset(catalog.db, dataset),
      run: run === null ? null : await readRun(catalog.db, run),
    };
  },
  async whereLearned({ daemon: { catalog } }, which) {
    const { method, sites, options, theta } = await stored.adapterContent(
      catalog.db,
      await stored.findAdapter(catalog.db, which),
    );
    return { learned: learned(adapterMethod(method), sites, options, theta) };
  },
  async exportFormats({ daemon: { catalog } }, { options = {}, ...which }) {
    const content = await stored.adapterContent(catalog.db, await stored.findAdapter(catalog.db, which));
    const method = adapterMethod(content.method);
    const { bytes, fullBytes } = savings(method, content.sites, content.options);
    const mergeable = method.mergeable && !startsLate(content.options);
    const differs = method.peft.differs?.(content.options);
    const sizes = { bytes, fullBytes, mergeable, differs, baseParameters: content.base.parameters ?? null };
    const formats = exportOffers(sizes, options);
    return { formats: formats.map((format) => ({ ...format, options: format.options.map(plain) })) };
  },
  update: ({ daemon: { catalog, actor } }, params) =>
    catalog.change((change) => stored.updateAdapter(change, params, actor)),
  activate: ({ daemon: { catalog, actor } }, which) =>
    catalog.change((change) => stored.activateAdapter(change, which, actor)),
  async deactivate({ daemon: { catalog, actor } }, params) {
    await catalog.change((change) => stored.deactivateAdapter(change, params, actor));
    return {};
  },
  active: ({ daemon: { catalog } }, params) => stored.activeAdapter(catalog.db, params),
  async dependents({ daemon: { catalog } }, which) {
    const { id, name } = await stored.getAdapter(catalog.db, which);
    return { dependents: await dependentsOfAdapter(catalog.db, id, name) };
  },
  remove: ({ daemon: { catalog, actor } }, params) =>
    catalog.change((change) => stored.deleteAdapter(change, params, actor)),
  restore: ({ daemon: { catalog, actor } }, { adapter }) =>
    catalog.change((change) => stored.restoreAdapter(change, adapter, actor)),
  async save({ daemon: { catalog, actor } }, { dir, projection, ...which }) {
    const adapterId = await stored.findAdapter(catalog.db, which);
    await saveStored(catalog, adapterId, dir, { projection });
    // A folder in the cache can be made again and may be deleted at any time: it is no export.
    if (!dir.startsWith(join(cacheFolder(), sep)))
      await catalog.change((change) => addExport(change, { adapterId, kind: 'peft', path: dir, actor }));
    return { dir };
  },
  pack: ({ daemon: { catalog, actor } }, params) => packAdapter(catalog, params, actor),
  unpack: ({ daemon: { catalog, actor } }, params) => unpackAdapter(catalog, params, actor, storedForm),
};
