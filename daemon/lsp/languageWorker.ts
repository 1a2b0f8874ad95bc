/** The language server as the daemon starts it for an editor. It stops serving a client that sends something other than messages. */
import { toParent } from '../process/child.ts';
import { MALFORMED_EXIT } from '../protocol/language.ts';
import { CheckedReader } from './checkedReader.ts';
import { serveStdio } from './stdio.ts';

toParent(); // it ends when the daemon ends, also in the middle of a long check
const reader = new CheckedReader(process.stdin);
reader.onError(() => process.exit(MALFORMED_EXIT));
process.exit(await serveStdio(reader));
