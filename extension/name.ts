/** What is wrong with a name, by the rules of the daemon; undefined if it is valid. */
export function faultOfName(name: string): string | undefined {
  const text = name.trim();
  if (text === '') return 'The name must not be empty.';
  if (text.length > 200) return 'The name must have at most 200 characters.';
  return /[\p{Cc}\p{Cf}/\\]/u.test(text) || text === '.' || text === '..'
    ? 'The name must not contain slashes or control characters.'
    : undefined;
}
