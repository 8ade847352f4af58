// Read aloud (where this device has a voice for the language), size of letters, language.
import { useEffect, useState } from 'react';
import { spokenLanguage, useText } from '@/i18n/text';
import { Icon } from '@/ui/Icon';
import { LanguageSwitch } from '@/ui/Switches';
import type { FieldSettings, Size } from './settings';

type Props = { settings: FieldSettings; onSettings: (next: Partial<FieldSettings>) => void; words: string[] };

const SIZES: { size: Size; label: string }[] = [
  { size: 'a', label: 'A' },
  { size: 'a1', label: 'A+' },
  { size: 'a2', label: 'A++' },
];

export function RunnerTop({ settings, onSettings, words }: Props) {
  const text = useText();
  return (
    <header className="fd-runtop">
      <ReadAloud words={words} />
      <div className="fd-sizes end" role="group" aria-label={text.screening.textSize}>
        {SIZES.map(({ size, label }) => (
          <button
            key={size}
            type="button"
            className={settings.size === size ? 'fd-size is-on' : 'fd-size'}
            aria-pressed={settings.size === size}
            onClick={() => onSettings({ size })}
          >
            {label}
          </button>
        ))}
      </div>
      <LanguageSwitch className="btn" />
    </header>
  );
}

function ReadAloud({ words }: { words: string[] }) {
  const text = useText();
  const [reading, setReading] = useState(false);
  const voice = useVoice();
  const sentence = words.filter(Boolean).join('\n');
  // Another question: what is being read is no longer on the screen.
  useEffect(() => {
    if (sentence === '') return;
    return () => {
      globalThis.speechSynthesis?.cancel();
      setReading(false);
    };
  }, [sentence]);
  if (voice === null) return null;
  const press = () => {
    speechSynthesis.cancel();
    if (reading) return setReading(false);
    const utterance = new SpeechSynthesisUtterance(sentence);
    utterance.voice = voice;
    utterance.rate = 0.9;
    utterance.onend = () => setReading(false);
    speechSynthesis.speak(utterance);
    setReading(true);
  };
  return (
    <button type="button" className={reading ? 'btn btn-primary fd-read' : 'btn btn-brand fd-read'} onClick={press}>
      <Icon name="volume" />
      {reading ? text.screening.stopReading : text.screening.readAloud}
    </button>
  );
}

// Many tablets have no offline voice: then the button is not offered at all. A remote voice would send the text away.
function useVoice(): SpeechSynthesisVoice | null {
  const [voice, setVoice] = useState<SpeechSynthesisVoice | null>(null);
  const language = spokenLanguage();
  useEffect(() => {
    const speech = globalThis.speechSynthesis;
    if (speech === undefined) return;
    const find = () =>
      setVoice(
        speech.getVoices().find((each) => each.localService && each.lang.startsWith(language.slice(0, 2))) ?? null,
      );
    find();
    speech.addEventListener('voiceschanged', find);
    return () => speech.removeEventListener('voiceschanged', find);
  }, [language]);
  return voice;
}
