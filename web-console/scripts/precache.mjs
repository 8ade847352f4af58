// Writes into the service worker what the tablet needs without a network, and a version that changes with any of it.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dist, filesOf, LANGUAGES, ROUTES, readManifest } from './routes.mjs';

const manifest = readManifest();
const hashed = filesOf(manifest, ['index.html', ROUTES['/t'], ROUTES['/'], ...Object.values(LANGUAGES)]).filter(
  (file) => file !== 'index.html',
);
const fixed = ['icon.svg', 'manifest.webmanifest', 'rules.wasm'];
const version = createHash('sha256');
for (const file of [...hashed, ...fixed, 'index.html', 'sw.js']) {
  const path = new URL(file, dist);
  if (existsSync(path)) version.update(file).update(readFileSync(path));
  else if (file !== 'rules.wasm') throw new Error(`${file} was not built`);
  else console.warn('rules.wasm is not in dist: build the module first, or the tablet cannot decide without a network');
}
const files = ['/t', ...[...hashed, ...fixed].map((file) => `/${file}`)];
const worker = new URL('sw.js', dist);
const source = readFileSync(worker, 'utf8');
const filled = source
  .replace(/(['"`])__PRECACHE_FILES__\1/, () => JSON.stringify(JSON.stringify(files)))
  .replace(/(['"`])__PRECACHE_VERSION__\1/, () => JSON.stringify(`shell-${version.digest('hex').slice(0, 16)}`));
if (filled === source) throw new Error('sw.js has no place for the list of files');
writeFileSync(worker, filled);
console.log(`precache: ${files.length} files`);
