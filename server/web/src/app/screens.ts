/**
 * Which screen a route shows while somebody is working. Owns the table only: one line for each screen, which gets the
 * route's arguments as `args`. Without a line a route says that there is no such screen.
 */
import type { Component } from "svelte";
import Enrolled from "../screens/Enrolled.svelte";
import Home from "../screens/Home.svelte";
import Sent from "../screens/Sent.svelte";
import SetPin from "../screens/SetPin.svelte";
import Settings from "../screens/Settings.svelte";

/** What every screen is given. */
export interface ScreenProps {
  readonly args: readonly string[];
}

export const SCREENS: Readonly<Record<string, Component<ScreenProps> | undefined>> = {
  home: Home,
  sent: Sent,
  settings: Settings,
  enrolled: Enrolled,
  pin: SetPin,
};
