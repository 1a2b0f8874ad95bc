/** Bundles the training panel into dist/webview/: one script, one sheet, the icon font with its sheet and licence. */
import { copyFileSync, mkdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';

const root = import.meta.dirname;

/** Writes panel.js, panel.css, codicon.css, codicon.ttf and codicon-LICENSE into `out`, which is emptied. */
export async function buildWebview(out = resolve(root, 'dist/webview')): Promise<void> {
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  await build({
    entryPoints: { panel: resolve(root, 'webview/main.ts') },
    outdir: out,
    bundle: true,
    minify: true,
    format: 'iife',
    platform: 'browser',
    // VS Code 1.100 and later: Electron 34.
    target: 'chrome132',
    tsconfig: resolve(root, 'webview/tsconfig.json'),
    define: { 'process.env.NODE_ENV': '"production"' },
    legalComments: 'linked',
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
