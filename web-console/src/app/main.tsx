// Starts the console: theme, language, then the pages.
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode, useCallback, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { whenSignedOut } from '@/api/http';
import { sessionKey } from '@/api/session';
import { chosenLanguage, type Language, loadText, type Text, TextContext } from '@/i18n/text';
import { startTheme } from '@/ui/theme';
import { makeRouter } from './router';
import '@/ui/tokens.css';
import '@/ui/icons.css';
import '@/ui/base.css';

startTheme();

const client = new QueryClient({
  defaultOptions: {
    queries: { networkMode: 'always', retry: false, refetchOnWindowFocus: false, staleTime: 30_000 },
    mutations: { networkMode: 'always', retry: false },
  },
});
const router = makeRouter(client);
whenSignedOut(() => {
  // A session that has ended, seen once: every page asks again who is there.
  if (client.getQueryData(sessionKey) != null) void client.invalidateQueries({ queryKey: sessionKey });
});

function Console(props: { text: Text; language: Language }) {
  const [speech, setSpeech] = useState(props);
  const speak = useCallback((language: Language) => {
    void loadText(language).then((text) => setSpeech({ text, language }));
  }, []);
  return (
    <TextContext value={{ ...speech, speak }}>
      <QueryClientProvider client={client}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </TextContext>
  );
}

async function start(): Promise<void> {
  const language = chosenLanguage();
  const text = await loadText(language);
  const root = document.getElementById('root');
  if (root === null) throw new Error('index.html has no #root');
  createRoot(root).render(
    <StrictMode>
      <Console text={text} language={language} />
    </StrictMode>,
  );
}

void start();
