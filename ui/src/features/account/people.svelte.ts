import { asProblem, type Problem } from '$lib/api/problem';
import type { Studio } from '$lib/state/studio.svelte';
import { accountCalls, type AccountCalls, type CreatedInvitation, type Invitation, type NewInvitation, type User, type UserChange } from './calls';
import { t } from './words';

export class PeopleState {
  people = $state.raw<User[]>([]);
  invitations = $state.raw<Invitation[]>([]);
  isLoaded = $state(false);
  problem = $state.raw<Problem | null>(null);
  created = $state.raw<CreatedInvitation | null>(null); // with its secret, until it was seen
  readonly isAdmin: boolean;
  readonly own: string; // the id of whoever looks
  #studio: Studio;
  #calls: AccountCalls;

  constructor(studio: Studio) {
    this.#studio = studio;
    this.#calls = accountCalls(studio.api);
    this.isAdmin = studio.session.now?.role === 'admin';
    this.own = studio.session.now?.user?.id ?? '';
  }

  async load(): Promise<void> {
    try {
      const [people, invitations] = await Promise.all([this.#calls.users(), this.#calls.invitations()]);
      this.people = people.items;
      this.invitations = invitations.items;
      this.isLoaded = true;
      this.problem = null;
    } catch (error) {
      this.problem = asProblem(error);
    }
  }

  // Both throw what was refused: the forms show it.
  async invite(wanted: NewInvitation): Promise<void> {
    const created = await this.#calls.invite(wanted);
    this.created = created;
    const { secret: _, ...invitation } = created;
    this.invitations = [invitation, ...this.invitations];
  }
  async change(user: User, change: UserChange): Promise<void> {
    const changed = await this.#calls.changeUser(user.id, change);
    this.people = this.people.map((one) => (one.id === changed.id ? changed : one));
  }

  async disable(user: User, isDisabled: boolean): Promise<void> {
    try {
      await this.change(user, { is_disabled: isDisabled });
      this.#studio.toasts.show({ text: t(isDisabled ? 'disabledDone' : 'enabledDone', { name: user.name }) });
    } catch (error) {
      this.#studio.complain(error);
    }
  }
  async remove(user: User): Promise<void> {
    try {
      await this.#calls.removeUser(user.id);
      this.people = this.people.filter((one) => one.id !== user.id);
      this.#studio.toasts.show({ text: t('removedDone', { name: user.name }) });
    } catch (error) {
      this.#studio.complain(error);
    }
  }
  async revoke(invitation: Invitation): Promise<void> {
    try {
      await this.#calls.revoke(invitation.id);
      this.#studio.toasts.show({ text: t('revokedDone') });
      await this.load();
    } catch (error) {
      this.#studio.complain(error);
    }
  }
}

// What is behind the # is not sent to the server, and stands in no log.
export const linkOf = (origin: string, secret: string): string => `${origin}/invite#${secret}`;
