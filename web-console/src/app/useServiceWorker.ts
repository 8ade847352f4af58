// Registers the tablet's service worker. A new version waits until the worker presses "update" on the list.
import { useEffect, useState } from 'react';

export function useServiceWorker(): (() => void) | null {
  const [waiting, setWaiting] = useState<ServiceWorker | null>(null);
  useEffect(() => {
    if (!('serviceWorker' in navigator) || !import.meta.env.PROD) return;
    let gone = false;
    // Asks the browser not to clear what is kept here when the disk is short; it may say no.
    void navigator.storage?.persist?.();
    const found = (registration: ServiceWorkerRegistration) => {
      const note = () => {
        if (!gone && registration.waiting !== null && navigator.serviceWorker.controller !== null)
          setWaiting(registration.waiting);
      };
      note();
      registration.addEventListener('updatefound', () =>
        registration.installing?.addEventListener('statechange', note),
      );
    };
    navigator.serviceWorker.register('/sw.js', { scope: '/t', type: 'module' }).then(found, () => {});
    return () => {
      gone = true;
    };
  }, []);
  if (waiting === null) return null;
  return () => {
    navigator.serviceWorker.addEventListener('controllerchange', () => location.reload(), { once: true });
    waiting.postMessage('take-over');
  };
}
