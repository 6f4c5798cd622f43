const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];

const FIELDS: Readonly<Record<string, (date: Date) => string | number>> = {
  a: (date) => DAYS[date.getDay()]?.slice(0, 3) ?? '',
  A: (date) => DAYS[date.getDay()] ?? '',
  b: (date) => MONTHS[date.getMonth()]?.slice(0, 3) ?? '',
  h: (date) => MONTHS[date.getMonth()]?.slice(0, 3) ?? '',
  B: (date) => MONTHS[date.getMonth()] ?? '',
  c: (date) => strftime(date, '%a %b %e %H:%M:%S %Y'),
  D: (date) => strftime(date, '%m/%d/%y'),
  e: (date) => String(date.getDate()).padStart(2),
  F: (date) => strftime(date, '%Y-%m-%d'),
  n: () => '\n',
  p: (date) => (date.getHours() < 12 ? 'AM' : 'PM'),
  R: (date) => strftime(date, '%H:%M'),
  t: () => '\t',
  T: (date) => strftime(date, '%H:%M:%S'),
  u: (date) => date.getDay() || 7,
  w: (date) => date.getDay(),
  x: (date) => strftime(date, '%m/%d/%y'),
  X: (date) => strftime(date, '%H:%M:%S'),
  Y: (date) => date.getFullYear(),
  // A Python date without a time zone writes neither the zone's name nor its offset.
  z: () => '',
  Z: () => '',
  '%': () => '%',
};

/** Formats of numbers: how many digits they have, and the number of a date. */
const NUMBERS: Readonly<Record<string, readonly [digits: number, of: (date: Date) => number]>> = {
  C: [2, (date) => Math.floor(date.getFullYear() / 100)],
  d: [2, (date) => date.getDate()],
  f: [6, (date) => date.getMilliseconds() * 1000],
  H: [2, (date) => date.getHours()],
  I: [2, (date) => date.getHours() % 12 || 12],
  j: [3, dayOfYear],
  m: [2, (date) => date.getMonth() + 1],
  M: [2, (date) => date.getMinutes()],
  S: [2, (date) => date.getSeconds()],
  U: [2, (date) => Math.floor((dayOfYear(date) + 6 - date.getDay()) / 7)],
  W: [2, (date) => Math.floor((dayOfYear(date) + 6 - ((date.getDay() + 6) % 7)) / 7)],
  y: [2, (date) => date.getFullYear() % 100],
};

function dayOfYear(date: Date): number {
  const start = Date.UTC(date.getFullYear(), 0, 1);
  return (Date.UTC(date.getFullYear(), date.getMonth(), date.getDate()) - start) / 86_400_000 + 1;
}

/** Formats a local date as C's `strftime` does in the C locale. Unknown directives stay as they are. */
export function strftime(date: Date, format: string): string {
  return format.replace(/%(-?)([a-zA-Z%])/g, (whole, minus: string, letter: string) => {
    const number = NUMBERS[letter];
    if (number) {
      return String(number[1](date)).padStart(minus ? 1 : number[0], '0');
    }
    const text = FIELDS[letter]?.(date);
    return text === undefined ? whole : minus ? String(text).trimStart() : String(text);
  });
}
