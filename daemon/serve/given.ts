/** The fields that have a value: an absent field takes its default, an undefined one would replace it. */
export function given<T extends object>(fields: T): { [Name in keyof T]?: Exclude<T[Name], undefined> } {
  const pairs = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(pairs) as { [Name in keyof T]?: Exclude<T[Name], undefined> };
}
