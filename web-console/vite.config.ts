import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  plugins: [react()],
  resolve: { alias: { '@': here('./src') } },
  build: {
    target: 'chrome111',
    manifest: true,
    // The content security policy allows no data: scripts, fonts or styles; masks in CSS are the only data: images.
    assetsInlineLimit: 0,
    cssCodeSplit: true,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      input: { index: here('./index.html'), sw: here('./src/app/sw.ts') },
      output: {
        entryFileNames: (chunk) => (chunk.name === 'sw' ? 'sw.js' : 'assets/[name]-[hash].js'),
      },
    },
  },
  server: {
    port: 5173,
    proxy: {
      '/api': { target: process.env.XINDENG_API ?? 'http://127.0.0.1:8080', ws: true },
      '/rules.wasm': process.env.XINDENG_API ?? 'http://127.0.0.1:8080',
      '/healthz': process.env.XINDENG_API ?? 'http://127.0.0.1:8080',
    },
  },
  test: {
    // Parity needs the built WebAssembly module, so it is a suite of its own.
    include: process.env.XINDENG_SUITE === 'parity' ? ['tests/parity/*.test.ts'] : ['tests/*.test.ts'],
    environment: 'node',
  },
});
