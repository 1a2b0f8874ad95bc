import type { Facts } from '../lists/narrow.ts';
import { lastPart } from '../text.ts';
import type { ShownAdapter } from './describe.ts';

/** What filters and orders see of an adapter. Pure. */
export const adapterFacts = (adapter: ShownAdapter): Facts => ({
  name: adapter.name,
  texts: [adapter.note, ...adapter.tags, adapter.base.name, adapter.methodLabel, adapter.project ?? '', adapter.user],
  facets: {
    project: [adapter.project ?? 'no project'],
    base: [lastPart(adapter.base.name)],
    tag: adapter.tags,
  },
  time: adapter.createdAt,
  loss: adapter.heldOutLoss ?? adapter.trainLoss,
});
