import { wordsIn } from './count';
import type { Entry } from './entry.svelte';
import { t } from './words';

// What is said of the answers to those who do not see them.
export class Status {
  words = $state('');

  // Once an answer's state is another. `beside`: those that are shown beside each other.
  tell(answer: Entry, beside: readonly Entry[]): void {
    this.words = beside.includes(answer) ? ofAll(beside) : ofOne(answer);
  }
}

function ofAll(answers: readonly Entry[]): string {
  const count = answers.filter(({ isOpen }) => !isOpen).length;
  return count === 0 ? t('statusAnswering') : t('statusBeside', { count, of: answers.length });
}
function ofOne(answer: Entry): string {
  const { state } = answer.facts;
  if (state === 'complete') return t('statusReady', { count: wordsIn(answer.text) });
  if (state === 'waiting') return t('statusAsks');
  if (state === 'stopped') return t('statusStopped');
  if (state === 'failed' || state === 'interrupted') return t('statusFailed');
  return t('statusAnswering');
}
