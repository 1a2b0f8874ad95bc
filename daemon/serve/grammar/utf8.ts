/** Most bytes of a character, without the first. */
const REST = 3;

/** The bytes at the end of a text that are the beginning of a character; undefined if the text is not UTF-8. */
export function openBytes(bytes: Uint8Array): Uint8Array | undefined {
  let at = 0;
  while (at < bytes.length) {
    const first = bytes[at]!;
    const size =
      first < 0x80
        ? 1
        : first >= 0xc2 && first < 0xe0
          ? 2
          : first >= 0xe0 && first < 0xf0
            ? 3
            : first >= 0xf0 && first < 0xf5
              ? 4
              : 0;
    if (size === 0) return undefined;
    for (let i = 1; i < Math.min(size, bytes.length - at); i++) {
      const byte = bytes[at + i]!;
      const [low, high] = i === 1 ? secondOf(first) : [0x80, 0xbf];
      if (byte < low || byte > high) return undefined;
    }
    if (at + size > bytes.length) return bytes.subarray(at, at + REST);
    at += size;
  }
  return new Uint8Array();
}

/** The second byte is limited by the first, so that each character has one form. */
function secondOf(first: number): [number, number] {
  if (first === 0xe0) return [0xa0, 0xbf];
  if (first === 0xed) return [0x80, 0x9f];
  if (first === 0xf0) return [0x90, 0xbf];
  return first === 0xf4 ? [0x80, 0x8f] : [0x80, 0xbf];
}
