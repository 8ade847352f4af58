// The two vocabularies that must never be mixed: alarm priority (shape + P-number) and tier (level bars + word).
import { useText } from '@/i18n/text';

export function PriorityMark(props: { priority: string; owned?: boolean; drill?: boolean }) {
  const look = `pri pri-${props.priority.slice(1)}${props.owned ? ' own' : ''}${props.drill ? ' mono' : ''}`;
  return <span className={look}>{props.priority}</span>;
}

export function TierMark({ tier }: { tier: number }) {
  const text = useText();
  const words = [text.common.tier0, text.common.tier1, text.common.tier2, text.common.tier3, text.common.tier4];
  return <span className={`tier tier-${tier}`}>{words[tier] ?? String(tier)}</span>;
}
