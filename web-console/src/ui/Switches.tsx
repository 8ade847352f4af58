// Language and theme: two quiet buttons that stand on every page.
import { useState } from 'react';
import { useSpeech, useText } from '@/i18n/text';
import { currentTheme, switchTheme } from './theme';

export function ThemeSwitch({ className = 'btn btn-plain btn-small' }: { className?: string }) {
  const text = useText();
  const [theme, setTheme] = useState(currentTheme());
  return (
    <button type="button" className={className} onClick={() => setTheme(switchTheme())}>
      {theme === 'dark' ? text.common.dayColours : text.common.nightColours}
    </button>
  );
}

export function LanguageSwitch({ className = 'btn btn-plain btn-small' }: { className?: string }) {
  const { text, language, speak } = useSpeech();
  return (
    <button
      type="button"
      className={className}
      lang={language === 'en' ? 'zh-CN' : 'en'}
      onClick={() => speak(language === 'en' ? 'zh-CN' : 'en')}
    >
      {text.common.otherLanguage}
    </button>
  );
}
