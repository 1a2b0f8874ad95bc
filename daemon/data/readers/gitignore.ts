import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import ignore, { type Ignore } from 'ignore';

/** The rules of one folder's .gitignore, and of those above it, the nearest first. */
export interface IgnoreRules {
  dir: string;
  rules: Ignore | undefined;
  above: IgnoreRules | undefined;
}

/** Rules for a folder that is read: its own and, when it lies in a git repository, those from the repository's root on. */
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
      // A .gitignore that cannot be read (a folder of that name, no permission) has no rules to give.
    }
  }
  return { dir, rules, above };
}

/** Whether git would ignore `path` (absolute); the nearest folder with a rule for it decides. */
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
