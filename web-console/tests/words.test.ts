// Words: every key in both languages, sentences with the same numbers, and no Chinese outside the dictionaries.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import en from '@/i18n/en/all';
import zh from '@/i18n/zh-CN/all';

const SRC = new URL('../src/', import.meta.url).pathname;
function files(folder = SRC): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? files(join(folder, entry.name)) : [join(folder, entry.name)],
  );
}
function keys(dictionary: object, path = ''): Map<string, unknown> {
  const found = new Map<string, unknown>();
  for (const [key, value] of Object.entries(dictionary)) {
    if (typeof value === 'object' && value !== null)
      for (const [k, v] of keys(value, `${path}${key}.`)) found.set(k, v);
    else found.set(`${path}${key}`, value);
  }
  return found;
}

describe('dictionaries', () => {
  const chinese = keys(zh);
  const english = keys(en);
  it('have the same keys', () => {
    expect([...english.keys()].sort()).toEqual([...chinese.keys()].sort());
  });
  it('take the same number of arguments for the same sentence', () => {
    for (const [key, value] of chinese) {
      if (typeof value === 'function')
        expect([key, (english.get(key) as () => string).length]).toEqual([key, value.length]);
    }
  });
  it('have no Chinese in English, but for the name of the other language', () => {
    for (const [key, value] of english) {
      if (key !== 'common.otherLanguage') expect([key, /\p{Script=Han}/u.test(String(value))]).toEqual([key, false]);
    }
  });
  it('shout at nobody', () => {
    for (const [key, value] of [...chinese, ...english]) {
      const words = typeof value === 'string' ? value : '';
      expect([key, /[!！]|请稍候|哎呀/.test(words)]).toEqual([key, false]);
    }
  });
});

it('no source file outside i18n holds Chinese text', () => {
  const outside = files().filter(
    (file) => /\.(ts|tsx|css)$/.test(file) && !file.includes('/i18n/') && !file.endsWith('tokens.css'),
  );
  const offenders = outside.filter((file) =>
    readFileSync(file, 'utf8')
      .split('\n')
      .some((line) => !/^\s*(\/\/|\*|\/\*)/.test(line) && /\p{Script=Han}/u.test(line)),
  );
  expect(offenders).toEqual([]);
});

describe('the house', () => {
  const layer = (file: string) => /src\/(app|features|ui|api|i18n)\//.exec(file)?.[1] ?? '';
  const order = ['i18n', 'api', 'ui', 'features', 'app'];
  const imports = files()
    .filter((file) => /\.tsx?$/.test(file))
    .flatMap((file) =>
      [...readFileSync(file, 'utf8').matchAll(/from '([^']+)'|import\('([^']+)'\)|import '([^']+)'/g)].map((found) => ({
        file: file.replace(SRC, ''),
        from: (found[1] ?? found[2] ?? found[3] ?? '').replace('@/', ''),
      })),
    );

  it('has imports that go down only: app, features, ui, api, i18n', () => {
    const upward = imports.filter(({ file, from }) => {
      const target = order.indexOf(from.split('/')[0] ?? '');
      return target >= 0 && target > order.indexOf(layer(`src/${file}`));
    });
    expect(upward).toEqual([]);
  });
  it('has no feature that imports another', () => {
    const crossing = imports.filter(({ file, from }) => {
      const [, here] = /^features\/([^/]+)\//.exec(file) ?? [];
      const [, there] = /^features\/([^/]+)\//.exec(from) ?? [];
      return here !== undefined && there !== undefined && here !== there;
    });
    expect(crossing).toEqual([]);
  });
  it('asks for nothing at another origin', () => {
    const foreign = files().filter(
      (file) => /\.(tsx?|css)$/.test(file) && /https?:\/\/(?!www\.w3\.org)/.test(readFileSync(file, 'utf8')),
    );
    expect(foreign).toEqual([]);
  });
  it('has no element selectors in its style sheets', () => {
    const sheets = files().filter((file) => file.endsWith('.css') && !file.endsWith('tokens.css'));
    const offenders = sheets.flatMap((file) =>
      elementSelectors(readFileSync(file, 'utf8')).map((each) => `${file.replace(SRC, '')}: ${each}`),
    );
    expect(offenders).toEqual([]);
  });
});

/** Selectors that would style an element wherever it stands, not inside a class of ours. */
function elementSelectors(css: string): string[] {
  const rules = css.replace(/\/\*[\s\S]*?\*\//g, '').matchAll(/([^{}]+)\{/g);
  const selectors = [...rules].flatMap((rule) => (rule[1] ?? '').split(',').map((each) => each.trim()));
  return selectors.filter((selector) => /^[a-z]/i.test(selector) && !/^(from|to|\d+%)$/.test(selector));
}
