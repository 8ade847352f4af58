// What is said of a device whose clock was wrong when the answers were given.
import type { ClockNote } from '@/api/types';
import type { Text } from '@/i18n/text';

export function clockWords(note: ClockNote, text: Text): string {
  const t = text.triage;
  const size = text.common.roughly(Math.abs(note.behind_secs) / 60);
  const words: Record<string, string> = {
    off: note.behind_secs < 0 ? t.clockFast(size) : t.clockSlow(size),
    finished_in_future: t.clockFuture,
    finished_long_ago: t.clockLost,
    started_after_finish: t.clockSetBack,
    took_too_long: t.clockSetForward,
  };
  return note.flags.map((flag) => words[flag] ?? flag).join(text.common.sentenceEnd);
}
