import { join } from 'node:path';

/** Path of the bundled command line, beside this bundle. */
const veraProgram = (): string => join(__dirname, 'vera.js');

/** The text that calls the bundled `vera` in a terminal. */
export function veraCommand(): string {
  const quote = (path: string): string => (/^[\w./:\\-]+$/.test(path) ? path : `"${path}"`);
  const [node, program] = [quote(process.execPath), quote(veraProgram())];
  if (process.versions['electron'] === undefined) return `${node} ${program}`;
  return process.platform === 'win32'
    ? `$env:ELECTRON_RUN_AS_NODE=1; & ${node} ${program}`
    : `ELECTRON_RUN_AS_NODE=1 ${node} ${program}`;
}
