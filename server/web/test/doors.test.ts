/** Invitations as they arrive, PINs that are refused, routes of the address, and which records stand first. */
import { describe, expect, it } from "vitest";
import { readRoute, writeRoute } from "../src/app/route.svelte.js";
import type { Row, Step } from "../src/engine/contract.js";
import { grouped, invitationIn, invitationOf, isComplete } from "../src/screens/invitation.js";
import { isEasy } from "../src/screens/pin.js";
import { childrenAlone, lately } from "../src/screens/rows.js";
import { unsettled } from "../src/screens/unsettled.js";

function row(document: string, part: Partial<Row>): Row {
  return {
    document, kind: "case", code: null, name: "", names: [], sex: null, age: null, site: null, movements: [], urgent: [], childAlone: false, status: null,
    firstAt: 0, lastAt: 0, conflicts: 0, step: "phone", ...part,
  };
}

describe("invitations", () => {
  it("are read as people type and say them", () => {
    expect(grouped("7k3q m2xp 9wta")).toBe("7K3Q-M2XP-9WTA");
    expect(grouped("7k3qm")).toBe("7K3Q-M");
    expect(grouped("oIl1")).toBe("0111");
    expect(isComplete("7K3Q-M2XP-9WT")).toBe(false);
    expect(isComplete("7K3Q-M2XP-9WTA")).toBe(true);
  });

  it("come in links and codes, and nothing else is taken for one", () => {
    expect(invitationIn("#i=7K3Q-M2XP-9WTA")).toBe("7K3Q-M2XP-9WTA");
    expect(invitationIn("#/home")).toBeNull();
    expect(invitationIn("#i=7K3Q-M2XP-9WT")).toBeNull();
    expect(invitationOf("https://hub.example/app/#i=7K3QM2XP9WTA")).toBe("7K3Q-M2XP-9WTA");
    expect(invitationOf("segin:enrol?hub=https://hub.example&invitation=7K3QM2XP9WTA")).toBe("7K3Q-M2XP-9WTA");
    expect(invitationOf("7k3q-m2xp-9wta")).toBe("7K3Q-M2XP-9WTA");
    expect(invitationOf("GOG-26-K7-0042-T and more")).toBeNull();
    expect(invitationOf("UUUU-UUUU-UUUU")).toBeNull();
  });
});

describe("PINs", () => {
  it.each(["000000", "112211", "123456", "987654", "135791"])("%s is too easy", (pin) => {
    expect(isEasy(pin)).toBe(pin !== "135791");
  });
  it("takes others", () => {
    expect(isEasy("480273")).toBe(false);
  });
});

describe("routes", () => {
  it("come back as they were written", () => {
    expect(readRoute(writeRoute("case", "a/b", "é"))).toEqual({ screen: "case", args: ["a/b", "é"] });
    expect(readRoute("#/")).toEqual({ screen: "home", args: [] });
    expect(readRoute("#i=7K3Q")).toEqual({ screen: "home", args: [] });
    expect(readRoute("#/%E0%A4%A")).toEqual({ screen: "%E0%A4%A", args: [] });
  });
});

describe("lists", () => {
  it("put what needs a person first, and leave out what the hub has", () => {
    const steps: readonly Step[] = ["two", "phone", "hub", "sending", "held", "draft", "refused"];
    const sorted = unsettled(steps.map((step, at) => row(step, { step, lastAt: at })));
    expect(sorted.map((found) => found.document)).toEqual(["refused", "held", "draft", "phone", "sending"]);
  });

  it("keep a child on top until it is told, oldest first", () => {
    const rows = [row("b", { childAlone: true, firstAt: 2 }), row("c", {}), row("a", { childAlone: true, firstAt: 1 })];
    expect(childrenAlone(rows).map((found) => found.document)).toEqual(["a", "b"]);
  });

  it("show the newest people and arrivals only", () => {
    const rows = Array.from({ length: 50 }, (_, at) => row(String(at), { lastAt: (at * 37) % 50, kind: at % 10 === 9 ? "annex" : "case" }));
    const expected = rows.filter((found) => found.kind === "case").toSorted((a, b) => b.lastAt - a.lastAt).slice(0, 6);
    expect(lately(rows, 6)).toEqual(expected);
    expect(lately([], 6)).toEqual([]);
  });
});
