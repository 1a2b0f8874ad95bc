import { readFileSync } from 'node:fs';
import { freemem, totalmem } from 'node:os';

/** Memory of this machine, in bytes. */
export interface Memory {
  /** What programs can have now. */
  readonly freeBytes: number;
  readonly totalBytes: number;
}

/** What is free and what there is, also within the limits of a container (Linux control groups, versions 2 and 1). */
export function machineMemory(read: (file: string) => string = (file) => readFileSync(file, 'utf8')): Memory {
  const machine = { freeBytes: freemem(), totalBytes: totalmem() };
  for (const [limitFile, usedFile, statFile, field] of [
    ['memory.max', 'memory.current', 'memory.stat', 'inactive_file'],
    ['memory/memory.limit_in_bytes', 'memory/memory.usage_in_bytes', 'memory/memory.stat', 'total_inactive_file'],
  ] as const) {
    try {
      const limit = Number(read(`/sys/fs/cgroup/${limitFile}`));
      const used = Number(read(`/sys/fs/cgroup/${usedFile}`));
      if (!(limit > 0 && limit < machine.totalBytes) || !(used >= 0)) continue;
      // Pages of files are given back as soon as somebody needs them.
      const cached = Number(new RegExp(`^${field} (\\d+)$`, 'm').exec(read(`/sys/fs/cgroup/${statFile}`))?.[1] ?? 0);
      return { freeBytes: Math.min(machine.freeBytes, limit - used + cached), totalBytes: limit };
    } catch {
      // no such control group
    }
  }
  return machine;
}

/** Bytes for a person: '820 MB', '2.1 GB'. */
export const memoryText = (bytes: number): string =>
  bytes < 999.5e6 ? `${Math.max(0, Math.round(bytes / 1e6))} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
