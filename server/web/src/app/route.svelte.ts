/**
 * A very small router on the address's fragment: `#/case/<document>` is the screen `case` with one argument. Owns the
 * present route; refuses names of people in addresses (arguments are ids and words of the app). Screens: `screens.ts`.
 */

/** A screen's name and its arguments. */
export interface Route {
  readonly screen: string;
  readonly args: readonly string[];
}

/** Reads a fragment; anything that is not a route is the home screen. */
export function readRoute(fragment: string): Route {
  if (!fragment.startsWith("#/")) return { screen: "home", args: [] };
  const [screen = "", ...args] = fragment.slice(2).split("/").map(decoded);
  return { screen: screen === "" ? "home" : screen, args };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** The fragment of a route. */
export function writeRoute(screen: string, ...args: readonly string[]): string {
  return `#/${[screen, ...args].map(encodeURIComponent).join("/")}`;
}

let present = $state.raw<Route>({ screen: "home", args: [] });

/** The present route. */
export function route(): Route {
  return present;
}

/** Follows the address from now on; returns how to stop. */
export function followAddress(): () => void {
  const read = () => {
    present = readRoute(location.hash);
  };
  read();
  addEventListener("hashchange", read);
  return () => removeEventListener("hashchange", read);
}

/** Goes to a screen; the browser's back comes back here. */
export function go(screen: string, ...args: readonly string[]): void {
  location.hash = writeRoute(screen, ...args);
}

/** Goes to a screen in place of the present one, which back then skips: after a step that must not be done twice. */
export function replace(screen: string, ...args: readonly string[]): void {
  goSilently(writeRoute(screen, ...args));
}

/** Puts a fragment in place of the present one, also one that is no route; nothing of it stays behind in the history. */
export function goSilently(fragment: string): void {
  history.replaceState(null, "", fragment === "" ? location.pathname + location.search : fragment);
  present = readRoute(fragment);
}

/** Back to where the person came from; home when there is nothing behind. */
export function back(): void {
  if (history.length > 1) history.back();
  else replace("home");
}
