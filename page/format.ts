const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'];

/** Bytes in three figures and units of 1000, as the Hub shows them: `4.92 GB`. */
export function formatBytes(bytes: number): string {
  const power = bytes < 1000 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log10(bytes) / 3));
  const value = bytes / 1000 ** power;
  const rounded = power === 0 || value >= 100 ? String(Math.round(value)) : value.toPrecision(3);
  return `${rounded}\u00a0${UNITS[power]}`;
}

const exact = new Intl.NumberFormat('en');
const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumSignificantDigits: 3 });
const moment = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });

/** All digits: `4,920,734,272`. */
export function formatExact(count: number): string {
  return exact.format(count);
}

/** Three figures: `8.03B`. */
export function formatCount(count: number): string {
  return compact.format(count);
}

export function formatTime(milliseconds: number): string {
  return moment.format(milliseconds);
}

/** A span of time, as exactly as one wants to know it: `40 s`, `3 min`, `2 h 5 min`. */
export function formatSpan(seconds: number): string {
  if (seconds < 60) {
    return `${Math.max(1, Math.round(seconds))}\u00a0s`;
  }
  const minutes = Math.round(seconds / 60);
  return minutes < 60 ? `${minutes}\u00a0min` : `${Math.floor(minutes / 60)}\u00a0h ${minutes % 60}\u00a0min`;
}

export function formatPercent(share: number): string {
  return `${Math.floor(share * 100)}\u00a0%`;
}
