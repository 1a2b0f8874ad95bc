/** Thrown when a person cancels: there is no error to show. */
export class Quiet extends Error {}

/** Whether an error only says that a person cancelled, here or while the daemon was working. */
export const isQuiet = (error: unknown): boolean =>
  error instanceof Quiet || (error instanceof Error && (error as { code?: unknown }).code === 'cancelled');
