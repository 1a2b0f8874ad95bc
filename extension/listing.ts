/** All items of a list that the daemon returns in pages; at most MAX_ITEMS. */
export async function listAll<T>(
  page: (after: { after?: string }) => Promise<{ items: T[]; next?: string | undefined }>,
): Promise<T[]> {
  const items: T[] = [];
  for (let after: string | undefined; ;) {
    const answer = await page(after === undefined ? {} : { after });
    items.push(...answer.items);
    if (answer.next === undefined || items.length >= MAX_ITEMS) return items;
    after = answer.next;
  }
}

const MAX_ITEMS = 5000; // a tree view can still be scrolled with so many

/** Returns a function that runs `work` once after `delay` milliseconds, however often it is called until then. */
export function soonest(work: () => void, delay = 100): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  return () => {
    timer ??= setTimeout(() => {
      timer = undefined;
      work();
    }, delay);
  };
}
