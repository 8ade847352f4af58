// What a person sees when there is no such page, or a page broke.
import { useText } from '@/i18n/text';

export function NotFound() {
  const text = useText();
  return (
    <main className="page">
      <h1 className="page-title">{text.common.noSuchPage}</h1>
      <a className="link" href="/">
        {text.common.toStart}
      </a>
    </main>
  );
}

export function PageFailed({ error }: { error: unknown }) {
  const text = useText();
  return (
    <main className="page" role="alert">
      <h1 className="page-title">{text.common.pageFailed}</h1>
      <p className="muted">{error instanceof Error ? error.message : String(error)}</p>
      <p>
        <button type="button" className="btn" onClick={() => location.reload()}>
          {text.common.tryAgain}
        </button>
      </p>
    </main>
  );
}
