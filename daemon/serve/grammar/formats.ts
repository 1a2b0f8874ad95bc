/** Formats of strings as regular expressions. Each allows a part of what the format allows, with examples of its extremes. */
const DAY =
  '\\d{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\\d|30)|02-(?:0[1-9]|1\\d|2[0-8]))';
const CLOCK = '(?:[01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(?:\\.\\d{1,6})?Z';
const HOURS = 'T(?:\\d{1,4}H(?:\\d{1,4}M(?:\\d{1,4}S)?)?|\\d{1,4}M(?:\\d{1,4}S)?|\\d{1,4}S)';
const LABEL = '[a-z0-9]{1,20}(?:-[a-z0-9]{1,20}){0,2}';
const BYTE = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]\\d|\\d)';

export const FORMATS: ReadonlyMap<string, { readonly pattern: string; readonly examples: readonly string[] }> = new Map(
  Object.entries({
    date: { pattern: `^${DAY}$`, examples: ['0001-12-31', '2024-02-28'] },
    time: { pattern: `^${CLOCK}$`, examples: ['23:59:59.123456Z', '00:00:00Z'] },
    'date-time': { pattern: `^${DAY}T${CLOCK}$`, examples: ['0001-12-31T23:59:59.123456Z', '2024-02-28T00:00:00Z'] },
    duration: {
      pattern: `^P(?:\\d{1,4}W|\\d{1,4}D(?:${HOURS})?|${HOURS})$`,
      examples: ['P1W', 'P1DT2H3M4S', 'PT1234S'],
    },
    email: {
      pattern: `^[A-Za-z0-9_+-]{1,30}(?:\\.[A-Za-z0-9_+-]{1,30})?@(?:${LABEL}\\.){1,3}[a-z]{2,6}$`,
      examples: ['a@b.de', 'A_9+-.x-@a-b-c.d.e.museum'],
    },
    hostname: { pattern: `^${LABEL}(?:\\.${LABEL}){0,3}$`, examples: ['a', 'a-b-c.d.e.f'] },
    ipv4: { pattern: `^(?:${BYTE}\\.){3}${BYTE}$`, examples: ['0.9.99.255', '199.249.254.100'] },
    ipv6: { pattern: '^(?:[0-9a-f]{1,4}:){7}[0-9a-f]{1,4}$', examples: ['1:2:3:4:5:6:7:8', 'ffff:0:a:b:c:d:e:f0f0'] },
    uri: {
      pattern: `^https?://(?:${LABEL}\\.){1,3}[a-z]{2,6}(?:/[A-Za-z0-9._~/-]*)?$`,
      examples: ['http://a.de', 'https://a-b.c.d.museum/x/~y.z-_'],
    },
    uuid: {
      pattern: '^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$',
      examples: ['00000000-0000-4000-8000-000000000000', 'abcdef01-2345-8678-b9ab-cdef01234567'],
    },
  }),
);
