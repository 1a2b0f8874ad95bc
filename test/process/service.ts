/** A service for tests of supervision: it does what its messages say. */
import { toParent } from '../../daemon/process/child.ts';

export type ToService =
  | { do: 'echo'; text: string }
  | { do: 'crash' }
  | { do: 'fail' }
  /** Handles no further message. */
  | { do: 'stick' }
  /** Uses so many bytes. */
  | { do: 'fill'; bytes: number }
  /** Sends so many messages, as fast as they are handled. */
  | { do: 'flood'; count: number }
  /** Blocks its thread for so long. */
  | { do: 'block'; ms: number };
export type FromService = { echo: string } | { flood: number };

const held: Buffer[] = [];
const parent = toParent<ToService, FromService>(async (message) => {
  if (message.do === 'echo') void parent.send({ echo: message.text });
  else if (message.do === 'crash') process.kill(process.pid, 'SIGKILL');
  else if (message.do === 'fail') process.exit(7);
  else if (message.do === 'stick') await new Promise(() => undefined);
  else if (message.do === 'fill') held.push(Buffer.alloc(message.bytes, 1));
  else if (message.do === 'block') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, message.ms);
  else void flood(message.count);
});
parent.stop.addEventListener('abort', () => parent.finish());
if (process.env['VERA_TEST_NEVER_READY'] === undefined) parent.ready();
else process.exit(3);

async function flood(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await parent.send({ flood: i });
}
