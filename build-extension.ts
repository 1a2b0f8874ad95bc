/**
 * Bundles everything that the extension ships into dist/: the daemon and `vera` (build.ts), the panel (build-webview.ts), the
 * demo model, and the extension itself. Code that is not needed for activation is in bundles of its own, which `import()` loads
 * later. `--source-maps` adds maps for a debugger.
 */
import { cpSync, readFileSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { build } from 'esbuild';
import type { Plugin } from 'esbuild';
import { buildWebview } from './build-webview.ts';
import { sourceMaps, workerUrls } from './build.ts';

const root = import.meta.dirname;
const dist = resolve(root, 'dist');
const DEMO_FILES = [
  'config.json',
  'generation_config.json',
  'model.safetensors',
  'tokenizer.json',
  'tokenizer_config.json',
];
/** Bundles that are loaded after activation: name -> entry file. */
const LATE = { daemonLink: 'extension/daemon/lazy.ts', languageClient: 'extension/language/lazy.ts' };

const lateBundles: Plugin = {
  name: 'late-bundles',
  setup(bundler) {
    bundler.onResolve({ filter: /\/lazy\.ts$/ }, ({ kind, path, importer }) => {
      if (kind !== 'dynamic-import') return undefined;
      const target = resolve(dirname(importer), path);
      const found = Object.entries(LATE).find(([, file]) => resolve(root, file) === target);
      if (!found)
        throw new Error(
          `${target} is imported late but has no bundle: add it to LATE in ${basename(import.meta.filename)}`,
        );
      return { path: `./${found[0]}.cjs`, external: true };
    });
  },
};

/**
 * Gives all files one `vscode` (declared in the banner below). Otherwise esbuild copies its hundreds of properties once per file that
 * imports it, during activation.
 */
const oneVscode: Plugin = {
  name: 'one-vscode',
  setup(bundler) {
    bundler.onLoad({ filter: /[/\\]extension[/\\].*\.ts$/ }, ({ path }) => ({
      contents: readFileSync(path, 'utf8').replace("import * as vscode from 'vscode';", ''),
      loader: 'ts',
    }));
  },
};

await build({
  entryPoints: {
    extension: resolve(root, 'extension/main.ts'),
    ...Object.fromEntries(Object.entries(LATE).map(([name, file]) => [name, resolve(root, file)])),
  },
  outdir: dist,
  outExtension: { '.js': '.cjs' },
  bundle: true,
  // Names are kept, so that a stack trace can be read.
  minifySyntax: true,
  minifyWhitespace: true,
  platform: 'node',
  target: 'node22',
  format: 'cjs',
  // Turn import() of a CommonJS bundle into require: the extension host loads both the same way.
  supported: { 'dynamic-import': false },
  mainFields: ['module', 'main'],
  external: ['vscode', 'bufferutil', 'utf-8-validate'],
  define: { 'import.meta.url': 'bundleUrl' },
  banner: {
    js: "const bundleUrl = require('node:url').pathToFileURL(__filename).href; const vscode = require('vscode');",
  },
  plugins: [oneVscode, lateBundles, workerUrls],
  sourcemap: sourceMaps,
  logLevel: 'info',
});
await buildWebview(undefined, sourceMaps);
for (const file of DEMO_FILES) cpSync(resolve(root, 'daemon/demo', file), resolve(dist, 'demo', file));
