// One line into the record. Ctrl + Enter saves; Esc goes back to the keys and keeps the text.
import { type RefObject, useEffect } from 'react';
import type { Alarm } from '@/api/types';
import { useText } from '@/i18n/text';
import { useDraft } from './useDraft';

type Props = {
  alarm: Alarm;
  busy: boolean;
  input: RefObject<HTMLTextAreaElement | null>;
  onSave: (text: string) => Promise<boolean>;
};

export function NoteForm({ alarm, busy, input, onSave }: Props) {
  const t = useText().dispatch;
  const [words, setWords, clear] = useDraft(`note:${alarm.id}`, '');
  useEffect(() => {
    const box = input.current;
    if (box !== null) box.style.height = words === '' ? '' : `${Math.min(140, box.scrollHeight)}px`;
  }, [words, input]);
  const save = async () => {
    if (words.trim() === '' || busy) return;
    if (await onSave(words.trim())) clear();
  };
  return (
    <div className="note">
      <textarea
        ref={input}
        className="input input-area note-text"
        rows={1}
        aria-label={t.note}
        placeholder={t.notePlaceholder}
        value={words}
        disabled={alarm.state === 'closed'}
        onChange={(event) => setWords(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === 'Escape') event.currentTarget.blur();
          if (event.key === 'Enter' && (event.ctrlKey || event.metaKey) && !event.nativeEvent.isComposing) {
            event.preventDefault();
            void save();
          }
        }}
      />
      <button
        type="button"
        className={words.trim() === '' ? 'btn off' : 'btn'}
        disabled={words.trim() === '' || busy}
        onClick={() => void save()}
      >
        {t.saveNote} <kbd className="kbd">N</kbd>
      </button>
    </div>
  );
}
