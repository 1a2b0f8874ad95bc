/** The language server as the daemon starts it for an editor: whoever sends what is no message is not served any longer. */
import { MALFORMED_EXIT } from '../protocol/language.ts';
import { CheckedReader } from './checkedReader.ts';
import { serveStdio } from './stdio.ts';

const reader = new CheckedReader(process.stdin);
reader.onError(() => process.exit(MALFORMED_EXIT));
process.exit(await serveStdio(reader));
