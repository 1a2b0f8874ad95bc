import type { z } from 'zod';

/** What is wrong with something a schema refused: 'spec.settings.rank: expected int, received string'. `within`: where it stands. */
export function firstProblem(
  error: { readonly issues: readonly z.core.$ZodIssue[] },
  ...within: PropertyKey[]
): string {
  const path = [...within];
  let issue = error.issues[0];
  // Of the branches of a union the last one says most: a name rather than a number, a project rather than nothing.
  while (issue !== undefined) {
    path.push(...issue.path);
    const inner = issue.code === 'invalid_union' ? issue.errors.at(-1)?.[0] : undefined;
    if (inner === undefined) break;
    issue = inner;
  }
  const message = issue?.message ?? 'wrong';
  return path.length === 0 ? message : `${path.map(String).join('.').slice(0, 200)}: ${message}`;
}
