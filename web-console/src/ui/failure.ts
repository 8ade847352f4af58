// Why something did not work, in words a person can act on.
import { Refused, Unreached } from '@/api/http';
import type { Text } from '@/i18n/text';

export function failureWords(error: unknown, text: Text): string {
  if (error instanceof Unreached) return text.common.serverNotReached;
  if (error instanceof Refused) {
    if (error.status === 403) return text.common.notAllowed;
    if (error.is('too-many-attempts')) return text.common.tooManyAttempts;
    const fields = error.problem.errors?.map((each) => each.reason).join(text.common.listComma);
    return fields || error.problem.detail || error.problem.title;
  }
  return error instanceof Error ? error.message : String(error);
}

export function fieldReason(error: unknown, field: string): string | null {
  if (!(error instanceof Refused)) return null;
  return error.problem.errors?.find((each) => each.field === field || each.field.endsWith(`.${field}`))?.reason ?? null;
}
