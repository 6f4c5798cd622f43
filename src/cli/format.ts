import type { WarningEvent } from '../events.js';
import { printable } from '../printable.js';

/** Numbers as people read them. */

export function formatBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 ? Math.round(value) : value.toFixed(value < 10 ? 2 : 1)} ${units[unit]}`;
}

/** `256M`, `1.5GiB`, `1000000`: bytes; null when it is no size. Units count in 1024s. */
export function parseBytes(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?)\s*([kmgt]?)(?:i?b)?$/i.exec(text.trim());
  if (!match) {
    return null;
  }
  const power = ' kmgt'.indexOf((match[2] || ' ').toLowerCase());
  return Math.floor(Number(match[1]) * 1024 ** power);
}

/** `0.3 s`, `12 s`, `2 min 5 s`, `1 h 5 min`. */
export function formatSeconds(seconds: number): string {
  if (seconds < 0.95) {
    return `${Math.max(0.1, seconds).toFixed(1)} s`;
  }
  const whole = Math.round(seconds);
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return h > 0 ? `${h} h ${m} min` : m > 0 ? `${m} min ${s} s` : `${s} s`;
}

export function formatCount(count: number): string {
  return count >= 1e9
    ? `${(count / 1e9).toFixed(2)} B`
    : count >= 1e6
      ? `${(count / 1e6).toFixed(1)} M`
      : count.toLocaleString('en-US');
}

/** A warning as a paragraph. */
export function warningText({ what, next }: Omit<WarningEvent, 'event'>): string {
  return printable(next === undefined ? what : `${what} ${next}`);
}
