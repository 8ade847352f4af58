// Every page and who loads it. Each route is its own chunk, so that the tablet does not carry the board.
import type { QueryClient } from '@tanstack/react-query';
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
} from '@tanstack/react-router';
import { NotFound, PageFailed } from './Fallbacks';

type Context = { client: QueryClient };

const root = createRootRouteWithContext<Context>()({
  component: Outlet,
  notFoundComponent: NotFound,
  errorComponent: PageFailed,
});

const signIn = createRoute({
  getParentRoute: () => root,
  path: '/',
  validateSearch: (search: Record<string, unknown>): { to?: string } => ({
    // Only places of our own: a path, never another origin.
    to: typeof search.to === 'string' && /^\/[a-z]/.test(search.to) ? search.to : undefined,
  }),
  component: lazyRouteComponent(() => import('@/features/identity/SignInPage'), 'SignInPage'),
});
const setup = createRoute({
  getParentRoute: () => root,
  path: '/setup/$token',
  component: lazyRouteComponent(() => import('@/features/identity/SetupPage'), 'SetupPage'),
});
const admin = createRoute({
  getParentRoute: () => root,
  path: '/admin',
  component: lazyRouteComponent(() => import('./AdminRoute'), 'AdminRoute'),
});
const duty = createRoute({
  getParentRoute: () => root,
  path: '/duty',
  component: lazyRouteComponent(() => import('./DutyRoute'), 'DutyRoute'),
});
const field = createRoute({
  getParentRoute: () => root,
  path: '/t',
  component: lazyRouteComponent(() => import('./FieldRoute'), 'FieldRoute'),
});
const board = createRoute({
  getParentRoute: () => root,
  path: '/d',
  validateSearch: (search: Record<string, unknown>): { tab?: 'triage'; alarm?: string; item?: string } => ({
    tab: search.tab === 'triage' ? 'triage' : undefined,
    alarm: typeof search.alarm === 'string' ? search.alarm : undefined,
    item: typeof search.item === 'string' ? search.item : undefined,
  }),
  component: lazyRouteComponent(() => import('./BoardRoute'), 'BoardRoute'),
});

export function makeRouter(client: QueryClient) {
  return createRouter({
    routeTree: root.addChildren([signIn, setup, admin, duty, field, board]),
    context: { client },
    defaultPreload: false,
  });
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof makeRouter>;
  }
}
