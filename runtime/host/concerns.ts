// Which of a node's actors a ledger event concerns.
import type { ActorDefinition } from '#actors/host.ts';
import type { LedgerEvent } from '#schemas/settlement/state.ts';

/** Ids of the actors here that an event concerns. */
export type Concerns = (event: LedgerEvent) => readonly string[];

/** Made once: the actors of a node never change, and a block has thousands of events. */
export function concernsOf(actors: Iterable<{ readonly id: string; readonly definition: ActorDefinition }>): Concerns {
  const groups = [...Map.groupBy(actors, ({ definition }) => definition)].map(([definition, own]) => ({
    definition,
    ids: new Set(own.map(({ id }) => id)),
  }));
  return (event) =>
    groups.flatMap(({ definition, ids }) => {
      const whom = definition.concerns(event);
      return whom === 'all' ? [...ids] : whom.filter((id) => ids.has(id));
    });
}
