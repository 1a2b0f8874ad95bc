/**
 * Bundles the command line and its workers into dist/ (`npm run build`). `--source-maps` adds maps for a debugger.
 * The code starts a worker with `new URL('../x/worker.ts', import.meta.url)`. This script finds these expressions, makes a
 * bundle of each such file beside vera.js, and rewrites the URL so that it points at the bundle.
 */
import { cpSync, globSync, readFileSync, rmSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { build } from 'esbuild';
import type { Plugin } from 'esbuild';

const WORKER_URL = /new URL\(\s*'(\.{1,2}\/[^']+\.ts)',\s*import\.meta\.url,?\s*\)/g;
const root = import.meta.dirname;
/** Releases have no maps: they would double the size of the package. */
export const sourceMaps = process.argv.includes('--source-maps');

const entryPoints: Record<string, string> = { vera: resolve(root, 'daemon/cli/main.ts') };
for (const file of globSync('daemon/**/*.ts', { cwd: root, exclude: (name) => name.endsWith('.test.ts') })) {
  const path = resolve(root, file);
  for (const [, target = ''] of readFileSync(path, 'utf8').matchAll(WORKER_URL)) {
    const worker = resolve(dirname(path), target);
    const name = basename(worker, '.ts');
    if (entryPoints[name] !== undefined && entryPoints[name] !== worker) {
      throw new Error(`Two entry points are named ${name}: ${entryPoints[name]} and ${worker}; rename one.`);
    }
    entryPoints[name] = worker;
  }
}

/** Replaces the URL of a worker's source by the URL of its bundle. */
export const workerUrls: Plugin = {
  name: 'worker-urls',
  setup(bundler) {
    bundler.onLoad({ filter: /[\\/]daemon[\\/].*\.ts$/ }, ({ path }) => ({
      contents: readFileSync(path, 'utf8').replace(
        WORKER_URL,
        (_, target: string) => `new URL('./${basename(target, '.ts')}.js', import.meta.url)`,
      ),
      loader: 'ts',
    }));
  },
};

rmSync(resolve(root, 'dist'), { recursive: true, force: true });
// library.ts reads it from here: as a part of a bundle it would not work (its file is CommonJS in a package of ES modules).
cpSync(resolve(root, 'node_modules/@mlc-ai/web-xgrammar/lib/index.js'), resolve(root, 'dist/xgrammar.cjs'));
await build({
  entryPoints,
  outdir: resolve(root, 'dist'),
  bundle: true,
  platform: 'node',
  target: 'node22',
  format: 'esm',
  external: ['onnxruntime-node', 'better-sqlite3'], // they look for their native libraries beside their own files
  plugins: [workerUrls],
  sourcemap: sourceMaps,
  // CommonJS dependencies call require, which an ES module does not have by itself.
  banner: {
    js: "import { createRequire as makeRequire } from 'node:module';\nconst require = makeRequire(import.meta.url);",
  },
  logLevel: 'info',
});
