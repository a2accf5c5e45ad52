import type { Component } from 'svelte';
import type { MessageKey } from '../lib/i18n/messages';

export interface PageProps extends Record<string, unknown> {
  params: Record<string, string>;
  ontitle: (title: string) => void;
}
export interface Route {
  path: string;
  title: MessageKey;
  load: () => Promise<{ default: Component<PageProps> }>;
  isOpen?: boolean; // for whoever comes, without the bar of pages
  room?: string; // routes of one room are one page: it stays, and is told where it is
}
const page = (load: () => Promise<unknown>): Route['load'] => load as Route['load'];

export const routes: readonly Route[] = [
  { path: '/c', title: 'nav.chat', room: 'chat', load: page(() => import('../routes/chat/Page.svelte')) },
  { path: '/c/:id', title: 'nav.chat', room: 'chat', load: page(() => import('../routes/chat/Page.svelte')) },
  { path: '/shorts', title: 'shorts.title', load: page(() => import('../routes/shorts/Page.svelte')) },
  { path: '/shorts/:id', title: 'shorts.title', load: page(() => import('../routes/short/Page.svelte')) },
  { path: '/image', title: 'nav.image', load: page(() => import('../routes/image/Page.svelte')) },
  { path: '/audio', title: 'nav.audio', load: page(() => import('../routes/audio/Page.svelte')) },
  { path: '/video', title: 'nav.video', load: page(() => import('../routes/video/Page.svelte')) },
  { path: '/library', title: 'library.title', load: page(() => import('../routes/library/Page.svelte')) },
  { path: '/activity', title: 'activity.title', load: page(() => import('../routes/activity/Page.svelte')) },
  { path: '/models', title: 'nav.models', load: page(() => import('../routes/models/Page.svelte')) },
  { path: '/keys', title: 'nav.keys', load: page(() => import('../routes/keys/Page.svelte')) },
  { path: '/usage', title: 'nav.usage', load: page(() => import('../routes/usage/Page.svelte')) },
  { path: '/performance', title: 'nav.performance', load: page(() => import('../routes/performance/Page.svelte')) },
  { path: '/help', title: 'nav.help', room: 'help', load: page(() => import('../routes/help/Page.svelte')) },
  { path: '/help/:page', title: 'nav.help', room: 'help', load: page(() => import('../routes/help/Page.svelte')) },
  { path: '/settings/people', title: 'people.title', load: page(() => import('../routes/account/People.svelte')) },
  { path: '/settings/keys', title: 'ownKeys.title', load: page(() => import('../routes/account/Keys.svelte')) },
  { path: '/settings/sessions', title: 'sessions.title', load: page(() => import('../routes/account/Sessions.svelte')) },
  { path: '/invite', title: 'invite.title', isOpen: true, load: page(() => import('../routes/account/Invite.svelte')) },
  { path: '/settings', title: 'settings.title', load: page(() => import('../routes/settings/Page.svelte')) },
];
export const HOME = '/shorts';
export const loadSignIn = page(() => import('../routes/sign-in/Page.svelte'));
