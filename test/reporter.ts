/**
 * What `npm test` prints: one line per file, every failure in full, skipped tests with their reason, and at the very end
 * the runner's own summary. (Node's `spec` reporter prints the failures after its summary, so the counts are hard to find in a log.)
 */
import { relative } from 'node:path';
import { inspect } from 'node:util';
import type { TestEvent } from 'node:test/reporters';

interface FileCount {
  pass: number;
  fail: number;
  skip: number;
  milliseconds: number;
}

export default async function* report(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const counts = new Map<string, FileCount>();
  const failures: string[] = [];
  const skips: string[] = [];
  const summary: string[] = [];
  for await (const event of events) {
    if (event.type === 'test:diagnostic') {
      if (event.data.file === undefined) summary.push(`# ${event.data.message}`);
    } else if (event.type === 'test:stderr') {
      yield event.data.message;
    } else if (event.type === 'test:pass' || event.type === 'test:fail') {
      const { data } = event;
      const file = relative(process.cwd(), data.file ?? '');
      const isFile = data.nesting === 0 && data.name.endsWith('.test.ts');
      const count = counts.get(file) ?? { pass: 0, fail: 0, skip: 0, milliseconds: 0 };
      counts.set(file, count);
      if (data.nesting === 0) count.milliseconds += data.details.duration_ms;
      if (data.skip !== undefined && data.skip !== false) {
        count.skip++;
        skips.push(`skipped  ${file}: ${data.name}${typeof data.skip === 'string' ? ` (${data.skip})` : ''}`);
      } else if (event.type === 'test:pass') {
        if (!isFile) count.pass++;
      } else {
        count.fail++;
        const error = event.data.details.error;
        failures.push(`FAILED  ${file}:${data.line}  ${data.name}\n${inspect(error.cause)}\n`);
        yield `FAILED  ${file}  ${data.name}\n`;
      }
    } else if (event.type === 'test:summary' && event.data.file !== undefined) {
      const file = relative(process.cwd(), event.data.file);
      const count = counts.get(file);
      const { passed, skipped } = event.data.counts;
      const failed = count?.fail ?? 0;
      const seconds = ((count?.milliseconds ?? event.data.duration_ms) / 1000).toFixed(1);
      yield (
        `${event.data.success ? 'ok    ' : 'not ok'}  ${file}  ${passed} passed${failed ? `, ${failed} FAILED` : ''}` +
        `${skipped ? `, ${skipped} skipped` : ''}  ${seconds} s\n`
      );
    }
  }
  if (skips.length > 0) yield `\n${skips.join('\n')}\n`;
  if (failures.length > 0) yield `\n${failures.join('\n')}`;
  yield `\n${summary.join('\n')}\n`;
}
