/** What several sources give, as it comes, each with the number of its source. Ends when all have ended; throws what any throws. */
export async function* merged<T>(sources: readonly AsyncIterable<T>[]): AsyncGenerator<{ index: number; value: T }> {
  const iterators = sources.map((source) => source[Symbol.asyncIterator]());
  const next = async (index: number): Promise<{ index: number; result: IteratorResult<T> }> => {
    const result = await iterators[index]!.next();
    return { index, result };
  };
  const waiting = new Map(iterators.map((_, index) => [index, next(index)]));
  try {
    while (waiting.size > 0) {
      const { index, result } = await Promise.race(waiting.values());
      waiting.delete(index);
      if (result.done === true) continue;
      waiting.set(index, next(index));
      yield { index, value: result.value };
    }
  } finally {
    for (const promise of waiting.values()) promise.catch(() => undefined); // one error is told, the others follow from it
    for (const index of waiting.keys()) void iterators[index]!.return?.();
  }
}
