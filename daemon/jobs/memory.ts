import { readFileSync } from 'node:fs';
import { freemem, totalmem } from 'node:os';

/** Memory of this machine, in bytes. */
export interface Memory {
  /** Memory that programs can get now. */
  readonly freeBytes: number;
  readonly totalBytes: number;
}

/** Free and total memory, within the limits of a container (Linux control groups, versions 2 and 1). */
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
      // The system frees cached pages of files as soon as a program needs memory.
      const cached = Number(new RegExp(`^${field} (\\d+)$`, 'm').exec(read(`/sys/fs/cgroup/${statFile}`))?.[1] ?? 0);
      return { freeBytes: Math.min(machine.freeBytes, limit - used + cached), totalBytes: limit };
    } catch {
      // no such control group
    }
  }
  return machine;
}
