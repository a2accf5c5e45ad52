import type { Api } from '../api/client';
import { asProblem, type Problem } from '../api/problem';
import type { Session } from '../api/types';

// Who is at the page. `null` until the server has said so.
export class SessionState {
  now = $state.raw<Session | null>(null);
  problem = $state.raw<Problem | null>(null);
  readonly mustSignIn = $derived(this.now !== null && this.now.needs_key && !this.now.authenticated);
  #api: Api;
  #onSignedIn: () => void;

  constructor(api: Api, onSignedIn: () => void) {
    this.#api = api;
    this.#onSignedIn = onSignedIn;
    api.onUnauthorized = () => {
      if (this.now?.authenticated !== false) this.#take({ authenticated: false, role: '', needs_key: true, csrf: '' });
    };
  }

  #take(session: Session): void {
    this.#api.csrf = session.csrf ?? '';
    this.now = session;
    if (!this.mustSignIn) this.#onSignedIn();
  }

  async load(): Promise<void> {
    this.problem = null;
    try {
      this.#take(await this.#api.session());
    } catch (error) {
      this.problem = asProblem(error);
    }
  }
  async signIn(key: string): Promise<Problem | null> {
    try {
      this.#take(await this.#api.signIn(key));
      return null;
    } catch (error) {
      return asProblem(error);
    }
  }
  async signOut(): Promise<Problem | null> {
    try {
      await this.#api.signOut();
      this.#take({ authenticated: false, role: '', needs_key: true, csrf: '' });
      return null;
    } catch (error) {
      return asProblem(error);
    }
  }
}
