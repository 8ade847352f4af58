// The size gate: JavaScript of the first load of each route, gzip. Exits 1 over budget.
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { dist, filesOf, LANGUAGES, ROUTES, readManifest } from './routes.mjs';

const BUDGET_KB = { '/': 180, '/setup': 180, '/admin': 250, '/duty': 250, '/t': 180, '/d': 250 };

const manifest = readManifest();
const gzipKb = (files) =>
  files.reduce((sum, file) => sum + gzipSync(readFileSync(new URL(file, dist)), { level: 9 }).length, 0) / 1000;
let over = 0;
for (const [route, module] of Object.entries(ROUTES)) {
  // The larger language counts.
  const sizes = Object.values(LANGUAGES).map((language) => {
    const files = filesOf(manifest, ['index.html', module, language]);
    return {
      js: gzipKb(files.filter((file) => file.endsWith('.js'))),
      css: gzipKb(files.filter((file) => file.endsWith('.css'))),
    };
  });
  const largest = sizes.reduce((a, b) => (a.js > b.js ? a : b));
  const limit = BUDGET_KB[route];
  const fits = largest.js <= limit;
  if (!fits) over += 1;
  console.log(
    `${fits ? 'ok  ' : 'OVER'} ${route.padEnd(8)} js ${largest.js.toFixed(1)} kB of ${limit}, css ${largest.css.toFixed(1)} kB`,
  );
}
process.exitCode = over > 0 ? 1 : 0;
