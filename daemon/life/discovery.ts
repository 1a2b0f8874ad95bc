import { closeSync, fchmodSync, fstatSync, openSync, readSync, rmSync } from 'node:fs';
import { z } from 'zod';
import { writeFully, writeStreamAtomic } from '../formats/atomic.ts';
import { discoveryFile } from '../home.ts';

/** What a client needs to reach the daemon of its user; the content of the discovery file. */
export const discovery = z.object({
  pid: z.int().positive(),
  port: z.int().min(1).max(65_535),
  /** 32 random bytes in base64url, new at every start. */
  token: z.string().regex(/^[\w-]{43,}$/),
  version: z.string().min(1).max(100),
  protocol: z.int().nonnegative(),
  startedAt: z.number(),
});
export type Discovery = z.infer<typeof discovery>;

/** damaged: the file is there, but cut, of another user, or unreadable; `reason` says which. */
export type Found =
  | { state: 'none' }
  | { state: 'damaged'; reason: string }
  | { state: 'whole'; discovery: Discovery; /** Others than the user may read it. */ open: boolean };

const MAX_BYTES = 4096; // the file takes 200

/** Reads the discovery file. Its content may be out of date. */
export function lookAtDiscovery(file = discoveryFile()): Found {
  let text: string;
  let open: boolean;
  try {
    const fd = openSync(file, 'r');
    try {
      const { uid, mode, size } = fstatSync(fd);
      if (!isOurs(uid)) return { state: 'damaged', reason: 'it belongs to another user' };
      if (size > MAX_BYTES) return { state: 'damaged', reason: `it has ${size} bytes` };
      open = process.platform !== 'win32' && (mode & 0o077) !== 0;
      const bytes = Buffer.alloc(MAX_BYTES);
      text = bytes.toString('utf8', 0, readSync(fd, bytes));
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { state: 'none' };
    return { state: 'damaged', reason: (error as Error).message };
  }
  try {
    const parsed = discovery.safeParse(JSON.parse(text));
    if (parsed.success) return { state: 'whole', discovery: parsed.data, open };
    return { state: 'damaged', reason: `${parsed.error.issues[0]?.path.join('.') ?? ''} is missing or wrong` };
  } catch {
    return { state: 'damaged', reason: 'it is not JSON' };
  }
}

/** A file of another user could lead a client, and its data, to the daemon of that user. */
const isOurs = (uid: number): boolean =>
  process.getuid === undefined || process.getuid() === uid || process.getuid() === 0;

/** The content of the discovery file; undefined if it is missing or damaged. */
export function readDiscovery(file = discoveryFile()): Discovery | undefined {
  const found = lookAtDiscovery(file);
  return found.state === 'whole' ? found.discovery : undefined;
}

/** Writes the file. Only the user can read it, already before the first byte of the token is in it. */
export function writeDiscovery(content: Discovery, file = discoveryFile()): void {
  writeStreamAtomic(file, (fd) => {
    fchmodSync(fd, 0o600);
    writeFully(fd, Buffer.from(JSON.stringify(content) + '\n'));
  });
}

/** Whether the file still has this content. */
export function isWritten(content: Discovery, file = discoveryFile()): boolean {
  const found = lookAtDiscovery(file);
  return found.state === 'whole' && !found.open && JSON.stringify(found.discovery) === JSON.stringify(content);
}

/** Removes the file if it still belongs to the daemon with this token. */
export function removeDiscovery(token: string, file = discoveryFile()): void {
  if (readDiscovery(file)?.token === token) rmSync(file, { force: true });
}
