/** The subscribers of subscribers.ts, in a process of their own. They record the number and the delay of every event. */
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { WebSocket } from 'ws';
import type { Topic } from '../../daemon/protocol/events.ts';

export interface Heard {
  /** Events over all subscribers, and those up to the number that was asked for, each once. */
  delivered: number;
  distinct: number;
  doubled: number;
  outOfOrder: number;
  skipped: number;
  /** Milliseconds from an event's time to its arrival, and from its first arrival at one of the subscribers to its others. */
  delay: Times;
  spread: Times;
}

interface Times {
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
const spreads = new Map<number, number>();
const firstAt = new Map<number, number>();
let [delivered, outOfOrder, skipped] = [0, 0, 0];

process.on('message', (message: Orders | { upTo: number }) => {
  if ('upTo' in message) void report(message.upTo);
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

/**
 * Reads numbers and times by their place in the text. Parsing every state a thousand times would measure this process
 * instead.
 */
function hear(mine: Subscriber, text: string): void {
  const now = performance.timeOrigin + performance.now();
  if (text.includes('"events.skipped"')) skipped++;
  for (const [, number, time] of text.matchAll(/\{"number":(\d+),"time":(\d+),"body"/g)) {
    delivered++;
    if (Number(number) <= mine.last) outOfOrder++;
    mine.last = Number(number);
    mine.numbers.add(mine.last);
    const first = firstAt.get(mine.last) ?? now;
    firstAt.set(mine.last, first);
    count(delays, now - Number(time));
    count(spreads, now - first);
  }
}

function count(times: Map<number, number>, ms: number): void {
  const rounded = Math.max(0, Math.round(ms));
  times.set(rounded, (times.get(rounded) ?? 0) + 1);
}

/** Reports the events received up to a number, once all subscribers have received it or could have. */
async function report(upTo: number): Promise<void> {
  for (let i = 0; i < 200 && seen.some(({ last }) => last < upTo); i++) await setTimeout(100);
  const distinct = seen.reduce((sum, { numbers }) => sum + [...numbers].filter((number) => number <= upTo).length, 0);
  const doubled = delivered - seen.reduce((sum, { numbers }) => sum + numbers.size, 0);
  const heard: Heard = {
    delivered,
    distinct,
    doubled,
    outOfOrder,
    skipped,
    delay: shares(delays),
    spread: shares(spreads),
  };
  process.send!(heard);
}

function shares(times: Map<number, number>): Times {
  const sorted = [...times].sort(([a], [b]) => a - b);
  const at = (share: number): number => {
    let sum = 0;
    return sorted.find(([, some]) => (sum += some) >= share * delivered)?.[0] ?? 0;
  };
  return { p50: at(0.5), p99: at(0.99), worst: sorted.at(-1)?.[0] ?? 0 };
}
