// Colours as promised: contrast of every text on every ground, and colours that stay apart for every kind of eye.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const css = readFileSync(new URL('../src/ui/tokens.css', import.meta.url), 'utf8').replace(/\/\*[\s\S]*?\*\//g, '');

function block(matches: (selector: string) => boolean): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [, selector = '', body = ''] of css.matchAll(/([^{}]+)\{([^{}]*)\}/g)) {
    if (!matches(selector.trim())) continue;
    for (const [, name = '', value = ''] of body.matchAll(/--([\w-]+):\s*([^;]+);/g)) found[name] = value.trim();
  }
  return found;
}
const light = block((selector) => selector === ':root');
const dark = { ...light, ...block((selector) => selector.startsWith('[data-theme="dark"]')) };
const wall = { ...dark, ...block((selector) => selector === '[data-theme="wall"]') };
const themes: [string, Record<string, string>][] = [
  ['light', light],
  ['dark', dark],
  ['wall', wall],
];

type Triple = [number, number, number];
const linear = (hex: string) =>
  [1, 3, 5].map((at) => {
    const c = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  }) as Triple;
const luminance = (hex: string) => {
  const [r, g, b] = linear(hex);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
function contrast(a: string, b: string): number {
  const [low = 0, high = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (high + 0.05) / (low + 0.05);
}

// Machado 2009, severity 1.
const EYES: Record<string, Triple[]> = {
  normal: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  protan: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deutan: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  tritan: [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
};
function lab(hex: string, eye: Triple[]): Triple {
  const rgb = linear(hex);
  const [r, g, b] = eye.map((row) =>
    Math.min(1, Math.max(0, row[0] * rgb[0] + row[1] * rgb[1] + row[2] * rgb[2])),
  ) as Triple;
  const f = (t: number) => (t > 0.008856 ? Math.cbrt(t) : 7.787 * t + 16 / 116);
  const x = f((0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.95047);
  const y = f(0.2126 * r + 0.7152 * g + 0.0722 * b);
  const z = f((0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.08883);
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}

describe.each(themes)('the %s theme', (name, theme) => {
  const colour = (token: string) => theme[token] ?? '';
  const needs = (text: string, ground: string, least: number) =>
    expect([text, ground, contrast(colour(text), colour(ground)) >= least]).toEqual([text, ground, true]);

  it('has text that can be read on every surface', () => {
    for (const ground of ['bg', 'surface', 'surface-2', 'selected']) {
      for (const text of ['text', 'text-2', 'text-3', 'brand', 'p2', 'p3', 'p4', 't1', 't2', 't3', 't4', 'danger'])
        needs(text, ground, 4.5);
      needs('p1', ground, 7);
    }
    needs('on-brand', 'brand', 4.5);
    needs('text-2', 'surface-3', 4.5);
    for (const ground of ['drill-a', 'drill-b']) needs('drill-text', ground, 4.5);
  });
  it('has alarms and tiers that can be read', () => {
    for (const n of ['1', '2', '3', '4']) {
      needs(`p${n}`, `p${n}-bg`, n === '1' ? 7 : 4.5);
      needs(`p${n}-on`, `p${n}-solid`, n === '1' ? 7 : 4.5);
      needs('text', `p${n}-bg`, 7);
      needs(`p${n}-line`, 'surface', 3);
      needs(`t${n}-on`, `t${n}`, 4.5);
    }
  });
  it('has controls and focus that can be seen', () => {
    needs('ctl-line', 'surface', 3);
    needs('focus', 'surface', 3);
    needs('focus', 'selected', 3);
  });
  it('keeps tiers and alarm shapes at least 20 apart for every kind of eye', () => {
    const families = [
      ['t1', 't2', 't3', 't4'],
      [name === 'light' ? 'p1-solid' : 'p1-line', 'p2-solid', 'p3-solid', 'p4-solid'],
    ];
    for (const family of families) {
      for (const [eye, matrix] of Object.entries(EYES)) {
        family.forEach((a, at) => {
          for (const b of family.slice(at + 1)) {
            const [p, q] = [lab(colour(a), matrix), lab(colour(b), matrix)];
            expect([eye, a, b, Math.hypot(p[0] - q[0], p[1] - q[1], p[2] - q[2]) >= 20]).toEqual([eye, a, b, true]);
          }
        });
      }
    }
  });
});
