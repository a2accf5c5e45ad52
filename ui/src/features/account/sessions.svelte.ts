import { asProblem, type Problem } from '$lib/api/problem';
import type { Studio } from '$lib/state/studio.svelte';
import { agentOf } from './agent';
import { accountCalls, type AccountCalls, type OwnSession } from './calls';
import { t } from './words';

export class SessionsState {
  sessions = $state.raw<OwnSession[]>([]);
  isLoaded = $state(false);
  problem = $state.raw<Problem | null>(null);
  #studio: Studio;
  #calls: AccountCalls;

  constructor(studio: Studio) {
    this.#studio = studio;
    this.#calls = accountCalls(studio.api);
  }

  async load(): Promise<void> {
    try {
      this.sessions = (await this.#calls.sessions()).items;
      this.isLoaded = true;
      this.problem = null;
    } catch (error) {
      this.problem = asProblem(error);
    }
  }
  async end(session: OwnSession): Promise<void> {
    try {
      await this.#calls.endSession(session.id);
      this.sessions = this.sessions.filter((one) => one.id !== session.id);
      this.#studio.toasts.show({ text: t('endedDone') });
    } catch (error) {
      this.#studio.complain(error);
    }
  }
  async endOthers(): Promise<void> {
    try {
      await this.#calls.endOthers();
      this.sessions = this.sessions.filter((one) => one.is_current);
      this.#studio.toasts.show({ text: t('othersDone') });
    } catch (error) {
      this.#studio.complain(error);
    }
  }
  // Throws what was refused: the form shows it.
  async setPassword(current: string, password: string): Promise<void> {
    await this.#calls.setPassword(current, password.normalize('NFC'));
    this.#studio.toasts.show({ text: t('passwordDone') });
    await this.load();
  }
}

export function nameOf(session: OwnSession): string {
  const agent = agentOf(session.agent);
  return agent ? t('browserOn', { browser: agent.browser, system: agent.system }) : session.agent || t('someBrowser');
}
