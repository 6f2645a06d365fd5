/**
 * Which screen a route shows while somebody is working. Owns the table only: one line for each screen, which gets the
 * route's arguments as `args`. Without a line a route says that there is no such screen.
 */
import type { Component } from "svelte";
import Annex from "../screens/Annex.svelte";
import Announced from "../screens/Announced.svelte";
import Anonymous from "../screens/Anonymous.svelte";
import Arrival from "../screens/Arrival.svelte";
import CardScan from "../screens/CardScan.svelte";
import Case from "../screens/Case.svelte";
import CaseCard from "../screens/CaseCard.svelte";
import Centre from "../screens/Centre.svelte";
import Enrolled from "../screens/Enrolled.svelte";
import Family from "../screens/Family.svelte";
import Find from "../screens/Find.svelte";
import Given from "../screens/Given.svelte";
import Headcount from "../screens/Headcount.svelte";
import Home from "../screens/Home.svelte";
import Intake from "../screens/Intake.svelte";
import Outcome from "../screens/Outcome.svelte";
import Registered from "../screens/Registered.svelte";
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
  arrival: Arrival,
  headcount: Headcount,
  announced: Announced,
  anonymous: Anonymous,
  intake: Intake,
  registered: Registered,
  find: Find,
  card: CardScan,
  case: Case,
  cardof: CaseCard,
  given: Given,
  outcome: Outcome,
  centre: Centre,
  annex: Annex,
  family: Family,
};
