// Which files the first visit to a route loads, read from Vite's manifest.
import { readFileSync } from 'node:fs';

export const dist = new URL('../dist/', import.meta.url);

/** The route modules, by path of the page. */
export const ROUTES = {
  '/': 'src/features/identity/SignInPage.tsx',
  '/setup': 'src/features/identity/SetupPage.tsx',
  '/admin': 'src/app/AdminRoute.tsx',
  '/duty': 'src/app/DutyRoute.tsx',
  '/t': 'src/app/FieldRoute.tsx',
  '/d': 'src/app/BoardRoute.tsx',
};
export const LANGUAGES = { 'zh-CN': 'src/i18n/zh-CN/all.ts', en: 'src/i18n/en/all.ts' };

export function readManifest() {
  return JSON.parse(readFileSync(new URL('.vite/manifest.json', dist), 'utf8'));
}

/** Scripts and style sheets of these modules with everything they import statically. */
export function filesOf(manifest, modules) {
  const files = new Set();
  const visit = (key) => {
    const chunk = manifest[key];
    if (chunk === undefined) throw new Error(`${key} is not in the manifest`);
    if (files.has(chunk.file)) return;
    files.add(chunk.file);
    for (const css of chunk.css ?? []) files.add(css);
    for (const each of chunk.imports ?? []) visit(each);
  };
  for (const key of modules) visit(key);
  return [...files];
}
