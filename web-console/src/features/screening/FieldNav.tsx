// Bottom navigation of the tablet, for the worker only; the respondent never sees it.
import type { Entry } from '@/api/outbox';
import { useText } from '@/i18n/text';
import { Icon, type IconName } from '@/ui/Icon';
import type { FieldView } from './FieldApp';

export function FieldNav({
  view,
  entries,
  onView,
}: {
  view: FieldView;
  entries: readonly Entry[];
  onView: (view: FieldView) => void;
}) {
  const text = useText();
  const unsent = entries.filter((entry) => entry.state !== 'received').length;
  const places: { view: FieldView; icon: IconName; label: string; count?: number }[] = [
    { view: 'list', icon: 'list', label: text.screening.navList },
    { view: 'upload', icon: 'outbox', label: text.screening.navUpload, count: unsent },
    { view: 'me', icon: 'me', label: text.screening.navMe },
  ];
  return (
    <nav className="fd-nav">
      {places.map((place) => (
        <button
          key={place.view}
          type="button"
          className={place.view === view ? 'fd-nav-item is-on' : 'fd-nav-item'}
          aria-current={place.view === view ? 'page' : undefined}
          onClick={() => onView(place.view)}
        >
          <Icon name={place.icon} />
          {place.label}
          {place.count ? <b className="fd-nav-count">{place.count}</b> : null}
        </button>
      ))}
    </nav>
  );
}
