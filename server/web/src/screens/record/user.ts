/** Who is working; screens are drawn only while somebody is. */
import { app } from "../../app/engine.svelte.js";
import type { User } from "../../engine/contract.js";

export function user(): User {
  const { phase } = app();
  if (phase.is !== "open") throw new Error("a screen was drawn while nobody works");
  return phase.user;
}
