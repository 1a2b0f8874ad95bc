/** Filtering and sorting of the items of a view. Pure. */

/** By what a list can be narrowed, besides words. */
export const FACETS = ['kind', 'state', 'project', 'base', 'tag'] as const;
export type Facet = (typeof FACETS)[number];
export const FACET_LABELS: Readonly<Record<Facet, string>> = {
  kind: 'Kind',
  state: 'State',
  project: 'Project',
  base: 'Base model',
  tag: 'Tag',
};

export const SORTS = ['newest', 'oldest', 'name', 'loss'] as const;
export type Sort = (typeof SORTS)[number];
export const SORT_LABELS: Readonly<Record<Sort, string>> = {
  newest: 'Newest first',
  oldest: 'Oldest first',
  name: 'Name',
  loss: 'Lowest loss first',
};

/** What is known of an item that filters and orders look at. */
export interface Facts {
  readonly name: string;
  /** Texts that the words of a filter are searched in, besides the name. */
  readonly texts: readonly string[];
  readonly facets: Readonly<Partial<Record<Facet, readonly string[]>>>;
  readonly time: number;
  /** null: not measured. */
  readonly loss: number | null;
}

/** What a person chose to see. */
export interface Narrowing {
  readonly words: string;
  readonly facets: Readonly<Partial<Record<Facet, string>>>;
  readonly sort: Sort;
}
export const EVERYTHING: Narrowing = { words: '', facets: {}, sort: 'newest' };

export const isNarrowed = ({ words, facets }: Narrowing): boolean => words !== '' || Object.keys(facets).length > 0;

/** The items that fit, in the order that was chosen. Each word must be somewhere in the name or in the texts. */
export function narrowed<T>(items: readonly T[], factsOf: (item: T) => Facts, narrowing: Narrowing): T[] {
  const words = narrowing.words.toLowerCase().split(/\s+/).filter((word) => word !== ''); // prettier-ignore
  const wanted = Object.entries(narrowing.facets) as [Facet, string][];
  return items
    .map((item) => ({ item, facts: factsOf(item) }))
    .filter(({ facts: { name, texts, facets } }) => {
      const all = [name, ...texts].join('\n').toLowerCase();
      return (
        words.every((word) => all.includes(word)) &&
        wanted.every(([facet, value]) => facets[facet]?.includes(value) === true)
      );
    })
    .sort((a, b) => ORDERS[narrowing.sort](a.facts, b.facts))
    .map(({ item }) => item);
}

const newest = (a: Facts, b: Facts): number => b.time - a.time;
const ORDERS: Readonly<Record<Sort, (a: Facts, b: Facts) => number>> = {
  newest,
  oldest: (a, b) => a.time - b.time,
  name: (a, b) => a.name.localeCompare(b.name, undefined, { numeric: true }) || newest(a, b),
  // Items without a loss come last.
  loss: (a, b) => (a.loss ?? Infinity) - (b.loss ?? Infinity) || newest(a, b),
};

/** The values of each facet with how many items have them, the most frequent first. A facet with one value narrows nothing. */
export function valuesOf(facts: readonly Facts[]): { facet: Facet; value: string; count: number }[] {
  return FACETS.flatMap((facet) => {
    const counts = new Map<string, number>();
    for (const { facets } of facts)
      for (const value of new Set(facets[facet] ?? [])) counts.set(value, (counts.get(value) ?? 0) + 1);
    const values = [...counts].map(([value, count]) => ({ facet, value, count }));
    if (values.length === 1 && values[0]!.count === facts.length) return [];
    return values.sort((a, b) => b.count - a.count || a.value.localeCompare(b.value));
  });
}

/** A filter in words: '12 of 200: "poems", tag draft'. */
export function narrowingText({ words, facets }: Narrowing, shown: number, all: number): string {
  const parts = [
    ...(words === '' ? [] : [`“${words}”`]),
    ...Object.entries(facets).map(([facet, value]) => `${FACET_LABELS[facet as Facet].toLowerCase()} ${value}`),
  ];
  return `${shown} of ${all}: ${parts.join(', ')}`;
}
