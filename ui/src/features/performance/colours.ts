// Colours for a canvas, which knows no variables: as they are now, in the theme that is on.
const PIGMENTS = ['--m-video', '--m-image', '--m-audio', '--m-json', '--m-text'] as const;

export interface Colours {
  pigments: readonly string[];
  line: string;
  text: string;
  paper: string;
}

// Which of the pigments a line has, and whether it is dashed: the sixth is the first again.
export const pigmentOf = (tone: number): string => `var(${PIGMENTS[tone % PIGMENTS.length]})`;
export const isDashed = (tone: number): boolean => tone % (2 * PIGMENTS.length) >= PIGMENTS.length;

export function readColours(within: HTMLElement): Colours {
  const probe = document.createElement('span');
  probe.hidden = true;
  within.append(probe);
  const read = (variable: string): string => {
    probe.style.color = `var(${variable})`;
    return getComputedStyle(probe).color;
  };
  const colours = { pigments: PIGMENTS.map(read), line: read('--line'), text: read('--ink-2'), paper: read('--paper') };
  probe.remove();
  return colours;
}
