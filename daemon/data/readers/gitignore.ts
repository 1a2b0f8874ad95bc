import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import ignore, { type Ignore } from 'ignore';

/** The rules of a folder's .gitignore and of the folders above it, the nearest first. */
export interface IgnoreRules {
  dir: string;
  rules: Ignore | undefined;
  above: IgnoreRules | undefined;
}

/** The rules for a folder: its own and, if it is in a git repository, those of all folders from the repository's root. */
export function rulesAbove(dir: string): IgnoreRules | undefined {
  const root = repositoryRoot(dir);
  if (root === undefined || root === dir) return undefined;
  const parents: string[] = [];
  for (let parent = dirname(dir); ; parent = dirname(parent)) {
    parents.unshift(parent);
    if (parent === root) break;
  }
  let rules: IgnoreRules | undefined;
  for (const parent of parents) rules = enter(parent, rules);
  return rules;
}

/** Adds the rules of `dir` to those above it. */
export function enter(dir: string, above: IgnoreRules | undefined): IgnoreRules {
  let rules: Ignore | undefined;
  for (const file of [join(dir, '.git', 'info', 'exclude'), join(dir, '.gitignore')]) {
    if (!existsSync(file)) continue;
    try {
      rules = (rules ?? ignore()).add(readFileSync(file, 'utf8'));
    } catch {
      // A .gitignore that cannot be read (it is a folder, or there is no permission) has no rules.
    }
  }
  return { dir, rules, above };
}

/** Whether git would ignore `path` (absolute). The nearest folder with a rule for it decides. */
export function isIgnored(path: string, isFolder: boolean, rules: IgnoreRules | undefined): boolean {
  for (let level = rules; level; level = level.above) {
    if (!level.rules) continue;
    const name = relative(level.dir, path).split(sep).join('/') + (isFolder ? '/' : '');
    const { ignored, unignored } = level.rules.test(name);
    if (ignored || unignored) return ignored;
  }
  return false;
}

function repositoryRoot(dir: string): string | undefined {
  for (let at = dir; ; at = dirname(at)) {
    if (existsSync(join(at, '.git'))) return at;
    if (dirname(at) === at) return undefined;
  }
}
