// Times as people read them: the tenant's zone, 24 hours, mm:ss under an hour. Counted by the server's clock.

import { useSyncExternalStore } from 'react';
import { serverNow } from '@/api/clock';
import { spokenLanguage } from '@/i18n/text';

let zone = 'Asia/Shanghai';
export function setZone(name: string): void {
  zone = name;
  formats.clear();
}

const formats = new Map<string, Intl.DateTimeFormat>();
function format(options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${spokenLanguage()}${JSON.stringify(options)}`;
  const known = formats.get(key);
  if (known !== undefined) return known;
  const made = new Intl.DateTimeFormat(spokenLanguage(), { timeZone: zone, hourCycle: 'h23', ...options });
  formats.set(key, made);
  return made;
}
const millis = (at: string | number) => (typeof at === 'number' ? at : Date.parse(at));

export function clock(at: string | number): string {
  return format({ hour: '2-digit', minute: '2-digit', second: '2-digit' }).format(millis(at));
}
export function hourMinute(at: string | number): string {
  return format({ hour: '2-digit', minute: '2-digit' }).format(millis(at));
}
export function dayLabel(at: string | number): string {
  return format({ month: 'short', day: 'numeric', weekday: 'short' }).format(millis(at));
}
/** 11-21 14:02, for things that are not from today. */
export function stamp(at: string | number): string {
  const day = format({ month: '2-digit', day: '2-digit' }).format(millis(at)).replace('/', '-');
  return sameDay(millis(at), serverNow()) ? hourMinute(at) : `${day} ${hourMinute(at)}`;
}
export function localDay(at: number): string {
  const parts = new Intl.DateTimeFormat('en-CA', { timeZone: zone }).format(at);
  return parts;
}
function sameDay(a: number, b: number): boolean {
  return localDay(a) === localDay(b);
}

/** mm:ss, h:mm:ss from an hour on. Never negative. */
export function span(ms: number): string {
  const total = Math.max(0, Math.floor(ms / 1000));
  const two = (n: number) => String(n).padStart(2, '0');
  const hours = Math.floor(total / 3600);
  const rest = `${two(Math.floor((total % 3600) / 60))}:${two(total % 60)}`;
  return hours > 0 ? `${hours}:${rest}` : rest;
}

// One ticking second for the whole page: every age on screen changes together.
let tick = serverNow();
const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;
function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(() => {
    tick = serverNow();
    for (const each of listeners) each();
  }, 500);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) {
      clearInterval(timer);
      timer = undefined;
    }
  };
}
export function useNow(): number {
  return useSyncExternalStore(subscribe, () => tick);
}
