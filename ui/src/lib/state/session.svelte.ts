import type { Api } from '../api/client';
import { asProblem, isUnheard, type Problem } from '../api/problem';
import type { Session } from '../api/types';
import { browserStorage } from './drafts';

const REMEMBERED = 'atelier.session';
const WHO = 'atelier.who';
const AGAIN_MS = 5000;

// Thirty-two bits of a key tell one person from another at this browser, and tell nobody the key.
function markOf(key: string): string {
  let mark = 0x811c9dc5;
  for (const letter of key) mark = Math.imul(mark ^ letter.codePointAt(0)!, 0x01000193) >>> 0;
  return mark.toString(16);
}

const NOBODY: Session = { authenticated: false, role: '', needs_key: true, csrf: '', user: null };

// Who is at the page. `null` until the server has said so.
export class SessionState {
  now = $state.raw<Session | null>(null);
  problem = $state.raw<Problem | null>(null);
  // The server cannot be reached: it is taken to be who it was, for what is kept here. Nothing may be sent until it said so.
  isAssumed = $state(false);
  readonly mustSignIn = $derived(this.now !== null && this.now.needs_key && !this.now.authenticated);
  #api: Api;
  #onSignedIn: () => void;
  #forget: () => Promise<void>;
  #storage: ReturnType<typeof browserStorage>;
  #timer: ReturnType<typeof setTimeout> | undefined;

  // `forget` removes what is kept of whoever was here.
  constructor(api: Api, onSignedIn: () => void, forget: () => Promise<void> = async () => {}, storage = browserStorage()) {
    this.#api = api;
    this.#forget = forget;
    this.#storage = storage;
    this.#onSignedIn = onSignedIn;
    api.onUnauthorized = () => {
      if (this.now?.authenticated !== false) this.#take(NOBODY);
    };
  }

  #take(session: Session): void {
    this.#api.csrf = session.csrf ?? '';
    this.isAssumed = false;
    this.now = session;
    this.#remember(session);
    if (!this.mustSignIn) this.#onSignedIn();
  }

  #remember({ authenticated, role, needs_key, user }: Session): void {
    try {
      if (this.mustSignIn) this.#storage.removeItem(REMEMBERED);
      else this.#storage.setItem(REMEMBERED, JSON.stringify({ authenticated, role, needs_key, user }));
    } catch {
      // Full or forbidden: then there is nothing to be read without a network.
    }
  }
  #assume(): boolean {
    try {
      const known = JSON.parse(this.#storage.getItem(REMEMBERED) ?? 'null') as Omit<Session, 'csrf'> | null;
      if (!known) return false;
      this.isAssumed = true;
      this.now ??= { ...known, user: known.user ?? null, csrf: '' };
      this.#onSignedIn();
      return true;
    } catch {
      return false;
    }
  }

  async load(): Promise<void> {
    clearTimeout(this.#timer);
    this.problem = null;
    try {
      this.#take(await this.#api.session());
    } catch (error) {
      const problem = asProblem(error);
      if (!isUnheard(problem) || (!this.isAssumed && !this.#assume())) this.problem = problem;
      else this.#timer = setTimeout(() => void this.load(), AGAIN_MS);
    }
  }
  // With a name and its password, or, without a name, with a key.
  async signIn(name: string, secret: string): Promise<Problem | null> {
    try {
      await this.enter(await (name === '' ? this.#api.signIn(secret) : this.#api.signInAs(name, secret)), secret);
      return null;
    } catch (error) {
      return asProblem(error);
    }
  }
  // Takes up a session that was just opened; `key` tells who it is where it is no person's.
  async enter(session: Session, key = ''): Promise<void> {
    await this.#meet(markOf(session.user?.id ?? key));
    this.#take(session);
  }
  // Somebody else than before is to find nothing of theirs.
  async #meet(mark: string): Promise<void> {
    if (this.#storage.getItem(WHO) === mark) return;
    await this.#forget();
    try {
      this.#storage.setItem(WHO, mark);
    } catch {
      // Then everybody is somebody else.
    }
  }
  async signOut(): Promise<Problem | null> {
    try {
      await this.#api.signOut();
      await this.#forget();
      this.#take(NOBODY);
      return null;
    } catch (error) {
      return asProblem(error);
    }
  }
}
