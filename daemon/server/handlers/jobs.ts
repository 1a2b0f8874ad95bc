import type * as jobs from '../../protocol/jobs.ts';
import type { Handlers } from '../context.ts';

export const jobHandlers: Handlers<typeof jobs> = {
  submit: ({ daemon: { queue, actor } }, params) => queue.submit(params, actor),
  list: ({ daemon: { queue } }, params) => queue.list(params),
  get: ({ daemon: { queue } }, params) => queue.get(params),
  cancel: ({ daemon: { queue, actor } }, params) => queue.cancel(params, actor),
  pause: ({ daemon: { queue, actor } }, params) => queue.pause(params, actor),
  resume: ({ daemon: { queue, actor } }, params) => queue.resume(params, actor),
  retry: ({ daemon: { queue, actor } }, params) => queue.retry(params, actor),
  prioritise: ({ daemon: { queue, actor } }, params) => queue.prioritise(params, actor),
  remove: ({ daemon: { queue, actor } }, params) => queue.remove(params, actor),
  plan: ({ daemon: { queue }, signal, progress }, params) =>
    queue.plan(params, {
      signal,
      // A client that has gone, or reads slowly, gets them all in the answer or not at all.
      onPlan: (index, plan) => void progress({ index, plan }).catch(() => undefined),
    }),
};
