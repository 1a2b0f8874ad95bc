/** Files of the disk that the document of the cursor imports, or that stand beside it. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { dirname, extname, join, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Source } from './related.ts';

const LARGEST = 200_000; // bytes
const [MOST_IMPORTED, MOST_BESIDE] = [12, 4];
const [IMPORTED, BESIDE] = [1.4, 1];
/** What may be left out at the end of an import. */
const ENDINGS = ['', '.ts', '.tsx', '.js', '.jsx', '.mjs', '.py', '.rs', '.go', '.h', '.hpp', '/index.ts', '/index.js'];

export interface RelatedFiles {
  /** root: nothing outside this folder is read. isExcluded: files that never go into a prompt. */
  of(path: string, text: string, root: string, isExcluded: (path: string) => boolean): Promise<Source[]>;
}

export function relatedFiles(): RelatedFiles {
  const read = new Map<string, { readonly state: string; readonly text: string }>();

  async function textOf(path: string): Promise<string | undefined> {
    try {
      const { size, mtimeMs } = await stat(path);
      if (size > LARGEST) return undefined;
      const state = `${size} ${mtimeMs}`;
      const known = read.get(path);
      if (known?.state === state) return known.text;
      const text = await readFile(path, 'utf8');
      read.set(path, { state, text });
      if (read.size > 100) read.delete(read.keys().next().value!);
      return text;
    } catch {
      return undefined; // a folder, or not there
    }
  }

  return {
    async of(path, text, root, isExcluded) {
      const isAllowed = (file: string): boolean => {
        const way = relative(root, file);
        return file !== path && !way.startsWith('..') && !way.includes('node_modules') && !isExcluded(file);
      };
      const found: Source[] = [];
      const add = async (file: string, weight: number): Promise<boolean> => {
        const uri = pathToFileURL(file).href;
        if (!isAllowed(file) || found.some((other) => other.uri === uri)) return false;
        const content = await textOf(file);
        if (content !== undefined) found.push({ uri, text: content, weight });
        return content !== undefined;
      };
      for (const name of importsOf(text).slice(0, MOST_IMPORTED)) {
        for (const ending of ENDINGS) {
          const places = [resolve(dirname(path), name + ending), resolve(root, name + ending)];
          if ((await add(places[0]!, IMPORTED)) || (await add(places[1]!, IMPORTED))) break;
        }
      }
      const beside = (await readdir(dirname(path)).catch(() => [])).filter((name) => extname(name) === extname(path));
      const from = Math.max(0, beside.indexOf(path.slice(dirname(path).length + 1)) - MOST_BESIDE / 2);
      for (const name of beside.slice(from, from + MOST_BESIDE + 1)) await add(join(dirname(path), name), BESIDE);
      return found;
    },
  };
}

const IMPORTS = [
  /(?:\bfrom|\bimport|\brequire\s*\()\s*['"]([./][^'"\n]*)['"]/g, // JavaScript, TypeScript
  /^\s*#\s*include\s+"([^"\n]+)"/gm, // C, C++
  /^\s*(?:pub\s+)?mod\s+(\w+)\s*;/gm, // Rust
];
const PYTHON = /^[ \t]*(?:from[ \t]+(\.*[\w.]*)[ \t]+import|import[ \t]+([\w.]+))/gm;

/** Relative paths, without the ending where the language leaves it out. */
function importsOf(text: string): string[] {
  const plain = IMPORTS.flatMap((pattern) => [...text.matchAll(pattern)].map(([, name]) => name!));
  const dotted = [...text.matchAll(PYTHON)].map(([, from, name]) => {
    const module = from ?? name ?? '';
    const dots = /^\.*/.exec(module)![0].length;
    return `${dots > 1 ? '../'.repeat(dots - 1) : './'}${module.slice(dots).replaceAll('.', '/')}`;
  });
  return [...new Set([...plain, ...dotted.filter((path) => !path.endsWith('/'))])];
}
