// Where `g` and a letter go, and who is typing.
export const goKeys: Readonly<Record<string, string>> = { c: '/c', s: '/shorts', i: '/image', o: '/audio', v: '/video', l: '/library', a: '/activity', m: '/models', k: '/keys', u: '/usage', p: '/performance', e: '/settings', h: '/help' };

export const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && (target.isContentEditable || target.matches('input:not([type=radio]):not([type=checkbox]):not([type=range]), textarea, select'));
