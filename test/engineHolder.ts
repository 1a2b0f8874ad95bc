/** A process that owns an engine of the bundled model, which generates for ever. It prints the engine's process number. */
import { engineClient } from '../daemon/serve/engine/client.ts';
import { DEMO } from './served.ts';

const client = engineClient({
  start: { base: DEMO, precision: 'int8', cache: process.argv[2]!, threads: 1 },
  load: (hash) => Promise.reject(new Error(`no adapter ${hash}`)),
  health: { heartbeatMs: 200, silenceMs: 60_000 },
});
const request = { prompt: { text: 'def add(a, b):\n' }, ignoreEnd: true };
let said = false;
for (;;)
  for await (const piece of client.submit(request)) {
    if (piece.type !== 'text' || said) continue;
    said = true;
    console.log(client.pid);
  }
