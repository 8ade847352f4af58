// Why something did not work, in words a person can act on.
import { Refused, Unreached } from '@/api/http';
import type { Problem } from '@/api/types';
import type { Text } from '@/i18n/text';

export function failureWords(error: unknown, text: Text): string {
  if (error instanceof Unreached) return text.common.serverNotReached;
  if (error instanceof Refused) return problemWords(error.problem, text);
  return error instanceof Error ? error.message : String(error);
}

/** What kind of refusal it was, in the language of the screen, and what the server says about the fields. */
export function problemWords(problem: Problem, text: Text): string {
  const code = problem.type.replace(/^.*\/problems\//, '');
  const known = (text.common.problems as Record<string, string>)[code];
  const fields = problem.errors
    ?.map((each) => each.reason)
    .filter(Boolean)
    .join(text.common.listComma);
  if (known === undefined) return fields || problem.detail || problem.title;
  return fields ? [known, fields].join(text.common.colon) : known;
}

export function fieldReason(error: unknown, field: string): string | null {
  if (!(error instanceof Refused)) return null;
  return error.problem.errors?.find((each) => each.field === field || each.field.endsWith(`.${field}`))?.reason ?? null;
}
