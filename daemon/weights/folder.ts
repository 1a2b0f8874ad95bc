import { join } from 'node:path';

/** The folder of the cache with copies of a base's weights in other forms. */
export const copiesFolder = (cache: string, fingerprint: string): string => join(cache, 'weights', fingerprint);
