/**
 * Makes the VSIX of one platform (`npm run package [-- --target linux-x64 --out FILE]`). It contains what build-extension.ts bundles,
 * the native libraries of that platform, and the manifest without the fields that only developers need. Prints its size.
 */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { createVSIX } from '@vscode/vsce';

/** Targets of VS Code for which onnxruntime-node has a library. */
export const TARGETS = ['linux-x64', 'linux-arm64', 'darwin-arm64', 'win32-x64', 'win32-arm64'] as const;
export type Target = (typeof TARGETS)[number];

const root = import.meta.dirname;
/** What the VSIX contains besides dist/ and native libraries. */
const PLAIN = ['LICENSE', 'package.nls.json', 'media', 'walkthrough'];
/** Fields of package.json that VS Code reads. */
const FIELDS = [
  ...[
    'name',
    'displayName',
    'description',
    'version',
    'publisher',
    'license',
    'type',
    'engines',
    'main',
    'icon',
    'categories',
    'keywords',
  ],
  ...['extensionKind', 'activationEvents', 'capabilities', 'contributes', 'datasets'],
];

/** Empties `folder` and fills it with everything that belongs into the VSIX. dist/ must be built before. */
export function stage(folder: string, target: Target): void {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const name of PLAIN) cpSync(join(root, name), join(folder, name), { recursive: true });
  cpSync(join(root, 'extension/README.md'), join(folder, 'README.md'));
  cpSync(join(root, 'dist'), join(folder, 'dist'), { recursive: true });
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Record<string, unknown>;
  const { node: _, ...engines } = manifest['engines'] as Record<string, string>;
  const shipped = Object.fromEntries(
    FIELDS.filter((field) => field in manifest).map((field) => [field, manifest[field]] as const),
  );
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ ...shipped, engines }, null, 2) + '\n');
  // Node looks for them beside the bundles. A node_modules folder at the top would be left out by vsce.
  const modules = join(folder, 'dist', 'node_modules');
  stageModule(modules, 'better-sqlite3', ['lib', join('prebuilds', `${target}.node`)]);
  stageModule(modules, 'onnxruntime-node', ['dist', ...libraries(target)]);
  stageModule(modules, 'onnxruntime-common', ['dist/cjs']);
}

/** The folders with onnxruntime's native libraries for a target. */
function libraries(target: Target): string[] {
  const [platform, arch] = target.split('-') as [string, string];
  const bin = join('bin', 'napi-v6', platform, arch);
  const folder = join(root, 'node_modules/onnxruntime-node', bin);
  if (!existsSync(folder)) throw new Error(`onnxruntime-node has no library for ${target}: ${folder} is not there`);
  return [bin];
}

/** Copies a package's manifest, its licences and those `parts` that are needed at run time. */
function stageModule(modules: string, name: string, parts: readonly string[]): void {
  const from = join(root, 'node_modules', name);
  const isNeeded = (path: string): boolean => !/\.(map|d\.ts|d\.mts|d\.cts|md)$/.test(path);
  const licences = readdirSync(from).filter((file) => /^(licen[cs]e|thirdparty)/i.test(file));
  for (const part of ['package.json', ...licences, ...parts])
    cpSync(join(from, part), join(modules, name, part), { recursive: true, filter: isNeeded });
}

/** Builds, stages and packs; returns the VSIX and its size in bytes. */
export async function packageExtension(target: Target, out: string): Promise<{ file: string; bytes: number }> {
  await import('./build-extension.ts');
  const folder = resolve(root, 'dist-vsix', target);
  stage(folder, target);
  await createVSIX({ cwd: folder, target, packagePath: out, dependencies: false, allowMissingRepository: true });
  rmSync(folder, { recursive: true, force: true });
  return { file: out, bytes: statSync(out).size };
}

if (import.meta.main) {
  try {
    await main();
  } catch (error) {
    console.error(`package: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { target: { type: 'string', default: `${process.platform}-${process.arch}` }, out: { type: 'string' } },
  });
  const target = TARGETS.find((one) => one === values.target);
  if (target === undefined) throw new Error(`--target is one of ${TARGETS.join(', ')}, not ${values.target}`);
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  const out = resolve(values.out ?? join(root, 'dist-vsix', `vera-studio-${target}-${version}.vsix`));
  mkdirSync(resolve(out, '..'), { recursive: true });
  const { file, bytes } = await packageExtension(target, out);
  console.log(`${file}: ${(bytes / 1e6).toFixed(1)} MB`);
}
