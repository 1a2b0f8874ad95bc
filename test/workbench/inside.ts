/** Runs code of a test in the process of VS Code's extensions, as another extension would run it. */
import { cpSync, mkdtempSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createVSIX } from '@vscode/vsce';
import type { WorkbenchOptions } from './server.ts';

export interface Inside {
  /** What the workbench needs to be started with. */
  readonly options: WorkbenchOptions;
  /** Runs the body of an async function that gets `vscode`. Throws what it throws. */
  run<T>(code: string): Promise<T>;
}

export async function inside(): Promise<Inside> {
  const folder = mkdtempSync(join(tmpdir(), 'vera-inside-'));
  const [vsix, socket] = [join(folder, 'inside.vsix'), join(folder, 'socket')];
  cpSync(join(import.meta.dirname, 'inside'), join(folder, 'extension'), { recursive: true });
  writeFileSync(join(folder, 'extension', 'README.md'), 'For tests.\n');
  await createVSIX({
    ...{ cwd: join(folder, 'extension'), packagePath: vsix, dependencies: false },
    ...{ allowMissingRepository: true, skipLicense: true },
  });
  return {
    options: { env: { VERA_TEST_INSIDE: socket }, extensions: [vsix] },
    async run<T>(code: string) {
      const { value, error } = JSON.parse(await post(socket, code)) as {
        value?: T;
        error?: { name: string; message: string; code?: string };
      };
      if (error !== undefined) throw Object.assign(new Error(error.message), error);
      return value as T;
    },
  };
}

function post(socketPath: string, body: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, method: 'POST' }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part: string) => (text += part));
      response.on('end', () => resolve(text));
    });
    asked.on('error', reject);
    asked.end(body);
  });
}
