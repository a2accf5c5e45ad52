// What every page may use, made once and handed down.
import { getContext, setContext, tick } from 'svelte';
import { Api } from '../api/client';
import { browserFrame, Hub } from '../api/events/hub';
import { openPort } from '../api/events/port';
import type { StreamStatus } from '../api/events/stream';
import { parseOptions, type Options } from '../api/options';
import { asProblem, type Problem } from '../api/problem';
import { Router } from '../router/router.svelte';
import { t } from '../i18n/messages';
import { Commands } from './commands.svelte';
import { browserStorage, Drafts } from './drafts';
import { Network } from './network.svelte';
import { Offline } from './offline.svelte';
import { Runs } from './runs.svelte';
import { SessionState } from './session.svelte';
import { Toasts } from './toasts.svelte';
import { Undoable } from './undoable';

export class Studio {
  readonly api = new Api();
  readonly hub = new Hub({ open: openPort, frame: browserFrame });
  readonly router = new Router();
  readonly toasts = new Toasts();
  readonly drafts = new Drafts(browserStorage());
  readonly network = new Network(this.hub);
  readonly runs = new Runs(this.api);
  readonly commands = new Commands();
  readonly deletions = new Undoable();
  readonly offline = new Offline({ call: this.api.call, canSend: () => this.network.isOnline && this.session.now !== null && !this.session.isAssumed && !this.session.mustSignIn });
  readonly session: SessionState = new SessionState(
    this.api,
    () => {
      this.hub.open();
      this.hub.wake();
      void this.loadOptions();
      this.offline.kept?.journal.wake();
    },
    () => this.offline.forget(),
  );
  options = $state.raw<Options | null>(null);
  alerts = $state.raw({ firing: 0, urgent: 0 }); // for administrators; watched once the page is idle

  start(): () => void {
    const onHide = (): void => {
      this.drafts.flush();
      this.deletions.flush();
    };
    const onBack = (): void => this.#onStatus('live');
    const stops = [
      this.router.start(),
      this.network.start(),
      this.hub.listen((events) => this.runs.apply(events)),
      // The stream was refused: whoever was signed out elsewhere learns of it here, and not with their next step.
      this.hub.onStatus((status) => void (status.word === 'refused' && !this.session.mustSignIn && this.session.load())),
      this.hub.onFresh(() => this.#readRunsAfresh()),
      this.hub.onStatus(({ word }) => this.#onStatus(word)),
    ];
    addEventListener('pagehide', onHide);
    addEventListener('online', onBack);
    void this.session.load();
    return () => {
      removeEventListener('pagehide', onHide);
      removeEventListener('online', onBack);
      stops.forEach((stop) => stop());
      this.hub.close();
    };
  }

  async loadOptions(): Promise<void> {
    try {
      this.options = parseOptions(await this.api.options());
    } catch (error) {
      if (!asProblem(error).isOffline) this.complain(error);
    }
  }

  // What is needed without a network is fetched while there is one, and what a page before this one left is sent.
  async keepForLater(): Promise<void> {
    const kept = await this.offline.load();
    kept?.journal.listen((told) => told.kind === 'refused' && this.complain(told.problem));
    await tick(); // the room that shows what waits listens, too
    kept?.journal.wake();
  }

  // The server can be reached again, or so it seems.
  #onStatus(word: StreamStatus['word']): void {
    if (word !== 'live' && word !== 'refused') return;
    if (this.session.isAssumed) void this.session.load();
    else this.offline.kept?.journal.wake();
  }

  // What the stream could not tell, since it began after them.
  #readRunsAfresh(): void {
    for (const run of this.runs.active) void this.runs.load(run.id).catch(() => {});
    if (this.options === null && this.session.now !== null && !this.session.mustSignIn) void this.loadOptions();
  }

  // A failure that has no place of its own on the page.
  complain(error: unknown, retry?: () => void): Problem {
    const problem = asProblem(error);
    if (problem.status === 401) return problem;
    if (problem.code === 'unexpected') reportError(error); // no refusal: a fault of the page's own
    this.toasts.show({
      tone: 'bad',
      text: problem.title || t('problem.title'),
      detail: problem.isOffline ? t('problem.offline') : problem.detail,
      code: problem.isOffline ? '' : problem.code,
      action: retry ? { label: t('action.retry'), run: retry } : null,
    });
    return problem;
  }
}

const KEY = Symbol('studio');
export const provideStudio = (studio: Studio): Studio => setContext(KEY, studio);
export const useStudio = (): Studio => getContext<Studio>(KEY);
