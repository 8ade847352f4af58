// Puts a brotli and a gzip copy beside every text file and module in dist: the server sends what the browser asks for.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { dist } from './routes.mjs';

const WORTH_IT = /\.(html|js|css|svg|wasm|webmanifest)$/;
const COPIES = { br: brotliCompressSync, gz: (bytes) => gzipSync(bytes, { level: 9 }) };

const files = readdirSync(dist, { recursive: true }).filter((file) => WORTH_IT.test(file));
for (const file of files) {
  const path = new URL(file, dist);
  const bytes = readFileSync(path);
  for (const [ending, compress] of Object.entries(COPIES)) {
    const copy = compress(bytes);
    if (copy.length < bytes.length) writeFileSync(new URL(`${file}.${ending}`, dist), copy);
  }
}
console.log(`compress: ${files.length} files`);
