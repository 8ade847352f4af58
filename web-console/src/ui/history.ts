// One line of a queue item's history, in words.
import type { QueueChange } from '@/api/types';
import type { Text } from '@/i18n/text';

export function historyWords(change: QueueChange, text: Text): string {
  const kind = (text.triage.events as Record<string, string>)[change.kind.replace(/^queue\./, '')] ?? change.kind;
  const tier = (n: number) =>
    [text.common.tier0, text.common.tier1, text.common.tier2, text.common.tier3, text.common.tier4][n];
  const moved =
    change.to_tier === null || change.from_tier === change.to_tier
      ? change.to_tier === null
        ? ''
        : tier(change.to_tier)
      : `${change.from_tier === null ? '' : `${tier(change.from_tier)} → `}${tier(change.to_tier)}`;
  return [change.by, kind, moved, change.note].filter(Boolean).join(' ');
}
