// The tablet's service worker: the shell and the rules work without a network. People's data never enters its cache.
/// <reference lib="webworker" />
export {};

declare const self: ServiceWorkerGlobalScope;

// Filled in by scripts/precache.mjs: every file /t needs, with the version of the whole.
const FILES: string[] = JSON.parse('__PRECACHE_FILES__');
const VERSION = '__PRECACHE_VERSION__';
const SHELL = '/t';

self.addEventListener('install', (event) => {
  event.waitUntil(
    caches.open(VERSION).then((cache) => cache.addAll(FILES.map((file) => new Request(file, { cache: 'reload' })))),
  );
});

self.addEventListener('activate', (event) => {
  const drop = async () => {
    for (const name of await caches.keys()) if (name !== VERSION) await caches.delete(name);
    await self.clients.claim();
  };
  event.waitUntil(drop());
});

self.addEventListener('message', (event) => {
  if (event.data === 'take-over') void self.skipWaiting();
});

self.addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== self.location.origin || url.pathname.startsWith('/api/')) return;
  if (request.mode === 'navigate') {
    event.respondWith(fromCache(SHELL, request));
    return;
  }
  if (FILES.includes(url.pathname)) event.respondWith(fromCache(url.pathname, request));
});

async function fromCache(path: string, request: Request): Promise<Response> {
  const cache = await caches.open(VERSION);
  return (await cache.match(path)) ?? fetch(request);
}
