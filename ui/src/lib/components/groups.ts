export interface Choice {
  id: string;
  label: string;
  group?: string; // under which heading; none: before all headings
}

// Under their headings, in the order in which each comes first.
export function grouped(choices: readonly Choice[]): { label: string; choices: Choice[] }[] {
  const groups = new Map<string, Choice[]>([['', []]]);
  for (const choice of choices) {
    const known = groups.get(choice.group ?? '');
    if (known) known.push(choice);
    else groups.set(choice.group ?? '', [choice]);
  }
  return [...groups].flatMap(([label, all]) => (all.length > 0 ? [{ label, choices: all }] : []));
}
