import { z } from 'zod';

/**
 * An access token for gated and private models of the hub. It is used for the request that brings it, or until the job that it
 * came with has ended. It stays in memory: it is neither logged nor written into the catalog.
 */
export const hubToken = z
  .string()
  .min(1)
  .max(500)
  .regex(/^[\x21-\x7e]+$/, { error: 'the access token contains characters that no token has; copy it again' });
