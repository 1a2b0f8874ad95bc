/** The subscribers of subscribers.ts, in a process of their own: they note the number and the delay of every event. */
import { once } from 'node:events';
import { WebSocket } from 'ws';
import type { Topic } from '../../daemon/protocol/events.ts';

export interface Heard {
  /** Events over all subscribers, and without those that came twice. */
  delivered: number;
  distinct: number;
  outOfOrder: number;
  skipped: number;
  /** Number of the last event that any of them heard. */
  upTo: number;
  /** Milliseconds. */
  p50: number;
  p99: number;
  worst: number;
}

interface Orders {
  port: number;
  token: string;
  subscribers: number;
  topics: Topic[];
}

interface Subscriber {
  readonly numbers: Set<number>;
  last: number;
}

const seen: Subscriber[] = [];
/** How many events came after how many milliseconds. */
const delays = new Map<number, number>();
let [delivered, outOfOrder, skipped, upTo] = [0, 0, 0, 0];

process.on('message', (message: Orders | 'report') => {
  if (message === 'report') process.send!(report());
  else void begin(message);
});

async function begin({ port, token, subscribers, topics }: Orders): Promise<void> {
  const request = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'events.subscribe', params: { topics } });
  for (let i = 0; i < subscribers; i++) {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/rpc`, {
      headers: { authorization: `Bearer ${token}` },
      perMessageDeflate: false,
    });
    await once(socket, 'open');
    const mine = { numbers: new Set<number>(), last: 0 };
    seen.push(mine);
    const answered = once(socket, 'message');
    socket.send(request);
    await answered;
    socket.on('message', (data: Buffer) => hear(mine, data.toString('utf8')));
    socket.on('close', (code) => console.error(`a subscriber was cut off: ${code}`));
  }
  process.send!('connected');
}

/** Reads numbers and times by their place in the text: to parse every state a thousand times would measure this process. */
function hear(mine: Subscriber, text: string): void {
  const now = performance.timeOrigin + performance.now();
  if (text.includes('"events.skipped"')) skipped++;
  for (const [, number, time] of text.matchAll(/\{"number":(\d+),"time":(\d+),"body"/g)) {
    delivered++;
    if (Number(number) <= mine.last) outOfOrder++;
    mine.last = Number(number);
    upTo = Math.max(upTo, mine.last);
    mine.numbers.add(mine.last);
    const delay = Math.max(0, Math.round(now - Number(time)));
    delays.set(delay, (delays.get(delay) ?? 0) + 1);
  }
}

function report(): Heard {
  const sorted = [...delays].sort(([a], [b]) => a - b);
  const at = (share: number): number => {
    let count = 0;
    return sorted.find(([, times]) => (count += times) >= share * delivered)?.[0] ?? 0;
  };
  const distinct = seen.reduce((sum, mine) => sum + mine.numbers.size, 0);
  return {
    delivered,
    distinct,
    outOfOrder,
    skipped,
    upTo,
    p50: at(0.5),
    p99: at(0.99),
    worst: sorted.at(-1)?.[0] ?? 0,
  };
}
