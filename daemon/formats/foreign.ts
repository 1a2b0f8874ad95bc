import { VeraError } from '../protocol/errors.ts';
import { quote } from './quote.ts';
import { readExactly, withFile } from './read.ts';

const HEAD = 512; // bytes: enough for every signature below, including that of tar at 257

const CONVERT =
  'a pickle can run any code when it is opened; where you trust it, convert it to safetensors in Python: ' +
  'AutoModel.from_pretrained(folder).save_pretrained(out, safe_serialization=True), or safetensors.torch.save_file(tensors, file)';

/**
 * Reads the first bytes of a file and throws if they belong to another well-known format than safetensors: a pickle (refused because
 * it can run code, whatever its name), GGUF, a Git LFS pointer, a web page, HDF5. Otherwise it does nothing.
 */
export function refuseForeign(file: string): void {
  const foreign = withFile(file, (fd, size) => recognise(readExactly(fd, file, 0, Math.min(size, HEAD))));
  if (foreign !== undefined) throw new VeraError('format', `${quote(file)} ${foreign}`);
}

/** Whether the file begins like safetensors: a length, then the opening brace of the header. */
function looksLikeSafetensors(head: Uint8Array): boolean {
  // The upper half of the length must be zero. Thus a length of 640, which looks like the start of a pickle, is not refused.
  return head[8] === 0x7b && head[4] === 0 && head[5] === 0 && head[6] === 0 && head[7] === 0;
}

function recognise(head: Uint8Array): string | undefined {
  if (looksLikeSafetensors(head)) return undefined;
  const text = Buffer.from(head.buffer, head.byteOffset, head.length).toString('latin1');
  if (text.startsWith('PK\x03\x04') || text.startsWith('PK\x05\x06'))
    return `is a zip archive, as PyTorch writes its pickles: ${CONVERT}`;
  if (/^\x80[\x01-\x05]/.test(text)) return `is a Python pickle: ${CONVERT}`; // PROTO, protocols 2 to 5 (and 1 as forged)
  if (/^(\(dp\d|\(lp\d|\(i|c[\w.]+\n[\w.]+\n)/.test(text)) return `is a Python pickle of protocol 0: ${CONVERT}`;
  if (text.slice(257, 262) === 'ustar') return `is a tar archive, as PyTorch once wrote its pickles: ${CONVERT}`;
  if (text.startsWith('GGUF')) return 'is a GGUF file: pass the .gguf file itself as the base model';
  if (text.startsWith('version https://git-lfs'))
    return 'is a Git LFS pointer, not the weights: run "git lfs pull" in its folder';
  if (text.startsWith('\x89HDF')) return 'is an HDF5 file of Keras: convert it to safetensors first';
  if (/^\s*(<!doctype|<html|<\?xml)/i.test(text))
    return 'is a web page, not weights: the download went wrong, fetch it again';
  return undefined;
}
