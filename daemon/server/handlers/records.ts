import { listAudit, listBases, listDatasets, listExports } from '../../catalog/records.ts';
import type * as records from '../../protocol/records.ts';
import type { Handlers } from '../context.ts';

export const recordHandlers: Handlers<typeof records> = {
  basesList: ({ daemon: { catalog } }, params) => listBases(catalog.db, params),
  datasetsList: ({ daemon: { catalog } }, params) => listDatasets(catalog.db, params),
  exportsList: ({ daemon: { catalog } }, params) => listExports(catalog.db, params),
  auditList: ({ daemon: { catalog } }, params) => listAudit(catalog.db, params),
};
