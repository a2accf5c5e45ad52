// People, invitations and sessions: their shapes and calls, as src/api/README.md has them.
import type { Api } from '$lib/api/client';
import type { Page, Session } from '$lib/api/types';

export type Role = 'admin' | 'member';
export interface User {
  id: string;
  name: string;
  role: Role;
  created_at: string;
  seen_at: string | null;
  is_disabled: boolean;
}
export interface UserChange {
  name?: string;
  role?: Role;
  is_disabled?: boolean;
  password?: string;
}
export interface Invitation {
  id: string;
  role: Role;
  note: string;
  created_at: string;
  expires_at: string;
  uses: number;
  uses_max: number;
  state: 'open' | 'used' | 'expired' | 'revoked';
}
export type CreatedInvitation = Invitation & { secret: string };
export interface NewInvitation {
  role: Role;
  note: string;
  hours: number;
  uses_max: number;
}
export interface OwnSession {
  id: string;
  created_at: string;
  used_at: string;
  expires_at: string;
  address: string;
  agent: string;
  is_by_password: boolean;
  is_current: boolean;
}

const at = encodeURIComponent;

export const accountCalls = (api: Api) => ({
  users: () => api.call<Page<User>>('GET', '/api/users'),
  changeUser: (id: string, body: UserChange) => api.call<User>('PATCH', `/api/users/${at(id)}`, { body }),
  removeUser: (id: string) => api.tell('DELETE', `/api/users/${at(id)}`),
  invitations: () => api.call<Page<Invitation>>('GET', '/api/invitations'),
  invite: (body: NewInvitation) => api.call<CreatedInvitation>('POST', '/api/invitations', { body }),
  revoke: (id: string) => api.tell('DELETE', `/api/invitations/${at(id)}`),
  look: (secret: string) => api.call<{ role: Role; expires_at: string }>('POST', '/api/invitations/look', { body: { secret } }),
  accept: (secret: string, name: string, password: string) => api.call<Session>('POST', '/api/invitations/accept', { body: { secret, name, password } }),
  sessions: () => api.call<Page<OwnSession>>('GET', '/api/me/sessions'),
  endSession: (id: string) => api.tell('DELETE', `/api/me/sessions/${at(id)}`),
  endOthers: () => api.tell('DELETE', '/api/me/sessions'),
  setPassword: (current: string, password: string) => api.tell('PUT', '/api/me/password', { body: { current, password } }),
});
export type AccountCalls = ReturnType<typeof accountCalls>;
