/** Bundles the training panel into dist/webview/: one script, one style sheet, the icon font with its style sheet and licence. */
import { copyFileSync, mkdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';

const root = import.meta.dirname;

/** Empties `out`, then writes panel.js, panel.css, codicon.css, codicon.ttf and codicon-LICENSE into it. */
export async function buildWebview(out = resolve(root, 'dist/webview'), sourceMaps = false): Promise<void> {
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  await build({
    entryPoints: { panel: resolve(root, 'webview/main.ts') },
    outdir: out,
    bundle: true,
    minify: true,
    format: 'iife',
    platform: 'browser',
    // VS Code 1.100 and later has Electron 34, which is Chromium 132.
    target: 'chrome132',
    tsconfig: resolve(root, 'webview/tsconfig.json'),
    define: { 'process.env.NODE_ENV': '"production"' },
    legalComments: 'linked',
    sourcemap: sourceMaps && 'inline', // the panel's policy lets it load nothing else
    logLevel: 'warning',
  });
  await build({
    stdin: {
      contents: "@import 'uplot/dist/uPlot.min.css';\n@import './webview/panel.css';",
      loader: 'css',
      resolveDir: root,
    },
    outfile: join(out, 'panel.css'),
    bundle: true,
    minify: true,
    logLevel: 'warning',
  });
  const codicons = resolve(root, 'node_modules/@vscode/codicons');
  for (const name of ['codicon.css', 'codicon.ttf']) copyFileSync(join(codicons, 'dist', name), join(out, name));
  copyFileSync(join(codicons, 'LICENSE'), join(out, 'codicon-LICENSE'));
}

if (import.meta.main) await buildWebview();
