/** The index of places of the present configuration, made once. */
import type { Configuration, PlaceCode } from "@segin/sync-protocol";
import { app } from "../../app/engine.svelte.js";
import { PlaceIndex } from "../../find/places.js";

let made: { readonly configuration: Configuration | null; readonly index: PlaceIndex } | undefined;

export function placeIndex(): PlaceIndex {
  const { configuration } = app();
  if (made?.configuration !== configuration || !made) made = { configuration, index: new PlaceIndex(configuration?.places ?? []) };
  return made.index;
}

/** One text for a place of a list. */
export function placeKey(place: PlaceCode): string {
  return `${place.scheme}:${place.vintage}:${place.code}`;
}
