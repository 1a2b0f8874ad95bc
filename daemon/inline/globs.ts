/**
 * Whether a path fits one of some patterns: `*` and `?` within a name, `**` over folders, `{a,b}`. Unlike in a shell, names that begin with a
 * dot fit too. A pattern without `/` is one for the file's name. Letters fit in either case, because some disks make no difference.
 */
export function fitsAny(path: string, patterns: readonly string[]): boolean {
  const whole = path.replaceAll('\\', '/');
  const name = whole.slice(whole.lastIndexOf('/') + 1);
  return patterns.some((pattern) => expressionOf(pattern).test(pattern.includes('/') ? whole : name));
}

const known = new Map<string, RegExp>();

function expressionOf(pattern: string): RegExp {
  const found = known.get(pattern);
  if (found) return found;
  const isClosed = /^[^{}]*(?:\{[^{}]*\}[^{}]*)*$/.test(pattern);
  const source = pattern.replace(/\*\*\/|\*\*|[\s\S]/g, (part, at: number) => {
    if (part === '**/') return '(?:.*/)?';
    if (part === '**') return '.*';
    if (part === '*') return '[^/]*';
    if (part === '?') return '[^/]';
    if (part === '{' && isClosed) return '(?:';
    if (part === '}' && isClosed) return ')';
    if (part === ',' && isClosed && pattern.lastIndexOf('{', at) > pattern.lastIndexOf('}', at)) return '|';
    return part.replace(/[.+^${}()|[\]\\]/g, '\\$&');
  });
  const made = new RegExp(`^${source}$`, 'i');
  known.set(pattern, made);
  return made;
}
