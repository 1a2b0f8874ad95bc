import type { AdapterContent } from '../../catalog/adapters.ts';
import type { Base } from '../../catalog/content.ts';
import type { Adapter } from '../../export/adapter.ts';
import { adapterMethod } from '../../methods/registry.ts';
import { storedFrozen } from '../../methods/stored.ts';
import type { BaseModel } from '../../models/base.ts';

/** An adapter as the catalog stores it. `spec`: its base as the person gave it. */
export function contentOf(adapter: Adapter, base: BaseModel, spec: string): AdapterContent {
  const { method, options, sites, targets, theta } = adapter;
  const frozen = storedFrozen(method, adapter.frozen);
  return {
    ...{ method, options: { ...options }, sites: sites.map((site) => ({ ...site })), targets, theta },
    tensors: adapterMethod(method).tensors(sites, options),
    ...(frozen ? { frozen } : {}),
    base: baseOf(base, spec),
  };
}

/** A base model as the catalog stores it. `spec`: as the person gave it. */
export function baseOf({ fingerprint, tensors, config: { architecture } }: BaseModel, spec: string): Base {
  const parameters = [...tensors.values()].reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
  return { fingerprint, spec, architecture, parameters };
}
