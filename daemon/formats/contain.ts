import { realpathSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, relative, sep } from 'node:path';
import { VeraError } from '../protocol/errors.ts';
import { quote } from './quote.ts';
import { ioError } from './read.ts';

/**
 * The path of a file in `dir` that a downloaded index or config names. A name that leaves the folder (`..`, an absolute path, a
 * drive, a URL, a symbolic link that points outside) is refused with VeraError 'format'. There is one exception: a snapshot of the
 * Hugging Face cache (`models--x/snapshots/<commit>`) keeps its files as links into `models--x/blobs`.
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
      `${quote(dir)}: the file name ${quote(name)} is not allowed; it must be a plain name inside the folder`,
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
    throw new VeraError(
      'format',
      `${quote(path)} is a link that points outside its folder; copy the file there instead`,
    );
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
