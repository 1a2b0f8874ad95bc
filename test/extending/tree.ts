/** A temporary copy of the tree, to which files and registry lines are added as CONTRIBUTING.md's recipes say. */
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { root } from '../sources.ts';

/** What a person adds: one new file (an operator has its test beside it), and one entry of a registry. */
export interface Addition {
  /** As the heading of its recipe in CONTRIBUTING.md names it: 'A method'. */
  readonly recipe: string;
  /** Where the new file goes, by the template in this folder that it is a copy of. */
  readonly files: Readonly<Record<string, string>>;
  readonly registry: string;
  /** The name that the new file exports. */
  readonly name: string;
  /** The list in the registry; the entry comes first in it, or last. */
  readonly list: string;
  readonly first?: boolean;
}

/** Copies what a type check and every program need. node_modules is shared. */
export function copyTree(to: string): void {
  const left = new Set(['node_modules', '.git', 'dist', 'dist-vsix', 'demo-output', '.cache', '.models', '.venv']);
  for (const name of readdirSync(root)) {
    if (left.has(name)) continue;
    cpSync(join(root, name), join(to, name), {
      recursive: true,
      filter: (path) => !left.has(path.slice(path.lastIndexOf('/') + 1)),
    });
  }
  symlinkSync(join(root, 'node_modules'), join(to, 'node_modules'));
}

/** Adds the files, and to the registry an import and a place in its list. Nothing else is changed. */
export function add(tree: string, { files, registry, name, list, first = false }: Addition): void {
  for (const [file, template] of Object.entries(files)) {
    mkdirSync(dirname(join(tree, file)), { recursive: true });
    writeFileSync(join(tree, file), readFileSync(join(import.meta.dirname, template)));
  }
  const [file] = Object.keys(files) as [string];
  const from = file.startsWith(dirname(registry)) ? `.${file.slice(dirname(registry).length)}` : undefined;
  if (from === undefined) throw new Error(`${file} is not below the folder of ${registry}`);
  const text = readFileSync(join(tree, registry), 'utf8');
  const withImport = `import { ${name} } from '${from}';\n${text}`;
  const added = withImport.replace(
    new RegExp(`(\\b${list}\\b[^;]*?= \\[)([^\\]]*?)(,?\\s*\\])`),
    (_, open: string, entries: string, close: string) =>
      first ? `${open}${name}, ${entries}${close}` : `${open}${entries}, ${name}${close}`,
  );
  if (added === withImport) throw new Error(`${registry} has no list ${list}`);
  writeFileSync(join(tree, registry), added);
}

const run = promisify(execFile);

/** Runs Node in the tree; what it prints. An error has what it printed too. */
export async function node(tree: string, args: readonly string[], home?: string): Promise<string> {
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const { stdout } = await run(process.execPath, args, {
    cwd: tree,
    env: { ...env, ...(home === undefined ? {} : { VERA_HOME: home }), COLUMNS: '400' },
    maxBuffer: 1 << 26,
  }).catch((error: unknown) => {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    throw new Error(`node ${args.join(' ')}\n${stdout}${stderr}`, { cause: error });
  });
  return stdout;
}

/** Runs a module's text in the tree, as a file there would; what it prints, read as JSON. */
export async function evaluate(tree: string, text: string, home?: string): Promise<unknown> {
  const args = ['--disable-warning=ExperimentalWarning', '--input-type=module-typescript', '--eval', text];
  return JSON.parse(await node(tree, args, home));
}
