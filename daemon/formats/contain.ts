import { realpathSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, relative, sep } from 'node:path';
import { VeraError } from '../protocol/errors.ts';
import { quote } from './quote.ts';
import { ioError } from './read.ts';

/**
 * The path of a file named by a stranger's index or config inside `dir`. A name that leaves the folder (`..`, absolute,
 * a drive, a URL, a symbolic link that leads out) is refused with VeraError 'format'. A snapshot of the Hugging Face cache
 * (`models--x/snapshots/<commit>`) keeps its files as links into `models--x/blobs`: that one way out is allowed.
 */
export function containedFile(dir: string, name: string): string {
  const parts = name.split('/');
  if (
    name === '' ||
    /[\0\\:]/.test(name) ||
    isAbsolute(name) ||
    parts.some((part) => part === '' || part === '.' || part === '..')
  ) {
    throw new VeraError(
      'format',
      `${quote(dir)}: the file name ${quote(name)} is not allowed, it has to be a plain name inside the folder`,
    );
  }
  const path = join(dir, name);
  let folder: string;
  let file: string;
  try {
    folder = realpathSync(dir);
    file = realpathSync(path);
  } catch (error) {
    throw ioError(error, 'read', path);
  }
  if (!isInside(folder, file) && !isInside(blobsOf(folder), file)) {
    throw new VeraError('format', `${quote(path)} is a link that leads out of its folder: copy the file there instead`);
  }
  return path;
}

function blobsOf(snapshot: string): string | undefined {
  const repository = dirname(dirname(snapshot));
  const isSnapshot = basename(dirname(snapshot)) === 'snapshots' && basename(repository).startsWith('models--');
  return isSnapshot ? join(repository, 'blobs') : undefined;
}

function isInside(folder: string | undefined, file: string): boolean {
  if (folder === undefined) return false;
  const way = relative(folder, file);
  return way !== '' && way !== '..' && !way.startsWith('..' + sep) && !isAbsolute(way);
}
