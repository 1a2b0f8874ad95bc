const MONTHS = 'January February March April May June July August September October November December'.split(' ');
const DAYS = 'Sunday Monday Tuesday Wednesday Thursday Friday Saturday'.split(' ');
const DAY_MS = 86_400_000;

/** Python's strftime in the C locale, with glibc's `%-d`. The time is UTC. */
export function strftime(date: Date, format: string): string {
  return format.replace(/%(-?)([a-zA-Z%])/g, (all, plain: string, directive: string) => {
    const text = directiveText(date, directive);
    if (text === undefined) return all;
    return plain === '' ? text : text.replace(/^[0 ]+(?=.)/, '');
  });
}

function directiveText(date: Date, directive: string): string | undefined {
  const pad = (value: number, size = 2, fill = '0') => String(value).padStart(size, fill);
  const hours = date.getUTCHours();
  const weekday = date.getUTCDay();
  const yearStart = Date.UTC(date.getUTCFullYear(), 0, 1);
  const day = Math.floor((date.getTime() - yearStart) / DAY_MS);
  switch (directive) {
    case 'Y':
      return pad(date.getUTCFullYear(), 4);
    case 'C':
      return pad(Math.floor(date.getUTCFullYear() / 100));
    case 'y':
      return pad(date.getUTCFullYear() % 100);
    case 'm':
      return pad(date.getUTCMonth() + 1);
    case 'd':
      return pad(date.getUTCDate());
    case 'e':
      return pad(date.getUTCDate(), 2, ' ');
    case 'B':
      return MONTHS[date.getUTCMonth()];
    case 'b':
    case 'h':
      return MONTHS[date.getUTCMonth()]!.slice(0, 3);
    case 'A':
      return DAYS[weekday];
    case 'a':
      return DAYS[weekday]!.slice(0, 3);
    case 'w':
      return String(weekday);
    case 'u':
      return String(weekday || 7);
    case 'j':
      return pad(day + 1, 3);
    case 'U':
      return pad(Math.floor((day + 7 - weekday) / 7));
    case 'W':
      return pad(Math.floor((day + 7 - ((weekday + 6) % 7)) / 7));
    case 'H':
      return pad(hours);
    case 'k':
      return pad(hours, 2, ' ');
    case 'I':
      return pad(hours % 12 || 12);
    case 'l':
      return pad(hours % 12 || 12, 2, ' ');
    case 'M':
      return pad(date.getUTCMinutes());
    case 'S':
      return pad(date.getUTCSeconds());
    case 'f':
      return pad(date.getUTCMilliseconds() * 1000, 6);
    case 'p':
      return hours < 12 ? 'AM' : 'PM';
    case 's':
      return String(Math.floor(date.getTime() / 1000));
    case 'c':
      return strftime(date, '%a %b %e %H:%M:%S %Y');
    case 'D':
    case 'x':
      return strftime(date, '%m/%d/%y');
    case 'F':
      return strftime(date, '%Y-%m-%d');
    case 'T':
    case 'X':
      return strftime(date, '%H:%M:%S');
    case 'R':
      return strftime(date, '%H:%M');
    case 'r':
      return strftime(date, '%I:%M:%S %p');
    case 'n':
      return '\n';
    case 't':
      return '\t';
    case 'z':
    case 'Z':
      return '';
    case '%':
      return '%';
    default:
      return undefined;
  }
}
