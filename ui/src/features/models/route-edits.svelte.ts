import type { ModelRoute, RouteDefinition, RouteTarget } from '$lib/api/gateway-types';

export const definitionOf = ({ strategy, targets, cache_life_s, hedges, shares_equal }: ModelRoute): RouteDefinition => ({ strategy, targets, cache_life_s, hedges, shares_equal });

interface Uses {
  save: (known: ModelRoute, route: RouteDefinition) => Promise<ModelRoute>;
  saved: (route: ModelRoute) => void;
  refused: (name: string, error: unknown) => void; // what was shown is taken back by then
}

// Order and weights that are shown before the server has them. One write of a route at a time: what is changed meanwhile
// waits, and only the last of it is sent. After a refusal the route is shown as the server has it.
export class RouteEdits {
  #shown = $state.raw<Record<string, readonly RouteTarget[]>>({});
  #wanted = new Map<string, RouteTarget[]>();
  #uses: Uses;

  constructor(uses: Uses) {
    this.#uses = uses;
  }
  targetsOf(route: ModelRoute): readonly RouteTarget[] {
    return this.#shown[route.name] ?? route.targets;
  }
  isSaving(name: string): boolean {
    return name in this.#shown;
  }

  async set(route: ModelRoute, targets: RouteTarget[]): Promise<void> {
    const { name } = route;
    const isSending = this.isSaving(name);
    this.#shown = { ...this.#shown, [name]: targets };
    this.#wanted.set(name, targets);
    if (isSending) return;
    let known = route;
    let error: unknown = null;
    for (let next = this.#wanted.get(name); next && error === null; next = this.#wanted.get(name)) {
      this.#wanted.delete(name);
      try {
        known = await this.#uses.save(known, { ...definitionOf(known), targets: next });
        this.#uses.saved(known);
      } catch (caught) {
        error = caught ?? new Error();
      }
    }
    this.#wanted.delete(name);
    const { [name]: _, ...others } = this.#shown;
    this.#shown = others;
    if (error !== null) this.#uses.refused(name, error);
  }
}
