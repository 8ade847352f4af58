// Light or dark: what was chosen on this device, else what the system says. Density: touch for the tablet, else desk.
export type Theme = 'light' | 'dark';
const KEY = 'xindeng.theme';

export function currentTheme(): Theme {
  return document.documentElement.dataset.theme === 'dark' ? 'dark' : 'light';
}
export function startTheme(): void {
  const chosen = localStorage.getItem(KEY);
  const dark = chosen === null ? matchMedia('(prefers-color-scheme: dark)').matches : chosen === 'dark';
  document.documentElement.dataset.theme = dark ? 'dark' : 'light';
}
export function switchTheme(): Theme {
  const next = currentTheme() === 'dark' ? 'light' : 'dark';
  localStorage.setItem(KEY, next);
  document.documentElement.dataset.theme = next;
  return next;
}
export function setDensity(density: 'touch' | 'desk'): void {
  document.documentElement.dataset.density = density;
}
