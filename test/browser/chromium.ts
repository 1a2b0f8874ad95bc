import { execFileSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];

/** Starts Chromium without a window, and installs it first if it is missing and this process is root. Close it when done. */
export async function startChromium(): Promise<Browser> {
  execFileSync('sh', [join(import.meta.dirname, 'setup.sh')], { stdio: 'inherit' });
  return chromium.launch({ executablePath: found(), args: process.getuid?.() === 0 ? ['--no-sandbox'] : [] });
}

function found(): string {
  const { CHROMIUM, PATH = '' } = process.env;
  if (CHROMIUM !== undefined && CHROMIUM !== '') return CHROMIUM;
  for (const name of NAMES) {
    for (const folder of PATH.split(delimiter)) {
      try {
        accessSync(join(folder, name), constants.X_OK);
        return join(folder, name);
      } catch {
        // Not in this folder.
      }
    }
  }
  throw new Error(`none of ${NAMES.join(', ')} is on PATH; name a Chromium in CHROMIUM`);
}
