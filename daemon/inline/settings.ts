/** Most lines of a completion. */
export const DEFAULT_LINES = 12;

/** Files that hold secrets: nothing is completed in them, and nothing of them goes into a prompt. */
export const EXCLUDED: readonly string[] = [
  '.env*',
  '*.env',
  '*.pem',
  '*.key',
  '*.p12',
  '*.pfx',
  '*.keystore',
  'id_rsa*',
  'id_ed25519*',
  '.npmrc',
  '.netrc',
  '.pgpass',
  '*secret*',
  '*credential*',
  '**/.ssh/**',
  '**/.aws/**',
  '**/.gnupg/**',
];
