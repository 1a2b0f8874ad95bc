import type * as events from '../../protocol/events.ts';
import type { Handlers } from '../context.ts';

export const eventHandlers: Handlers<typeof events> = {
  subscribe: ({ subscriptions }, { topics, after }) => subscriptions.subscribe(topics, after),
  unsubscribe: ({ subscriptions }, { subscription }) => {
    subscriptions.unsubscribe(subscription);
    return {};
  },
};
