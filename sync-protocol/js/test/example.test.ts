/**
 * Promises checked here:
 *
 * - The worked example of README.md is `examples/app.ts`, word for word.
 * - It enrols at a hub, records without one, syncs, gets receipts that verify, and reads what a colleague wrote.
 *
 * The hub is a real one where its address (`SEGIN_HUB`) and two invitations (`SEGIN_INVITATIONS`, a space between) are
 * given, as the repository's `tests/tests/javascript.rs` does.
 */
import { readFileSync } from "node:fs";

import { beforeAll, expect, test } from "vitest";

import { App, Store } from "../examples/app.js";
import type { DocumentId } from "../src/ids.js";
import { startAutomerge } from "./start.js";

const text = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), "utf8");

test("README.md shows the example as it is", () => {
  expect(text("README.md")).toContain(`\`\`\`ts\n${text("examples/app.ts")}\`\`\`\n`);
});

const hub = process.env["SEGIN_HUB"] ?? "";
const [first = "", second = ""] = (process.env["SEGIN_INVITATIONS"] ?? "").split(" ");

beforeAll(startAutomerge);

/** The document of the first report that something was recorded. */
function recorded(reports: Awaited<ReturnType<App["record"]>>): { readonly document: DocumentId; readonly code: string | null } {
  for (const report of reports) if (typeof report === "object" && "Recorded" in report) return report.Recorded;
  throw new Error(`nothing was recorded: ${JSON.stringify(reports)}`);
}

test.runIf(hub !== "")("enrol, record, sync, receipt, and what a colleague wrote, at a real hub", async () => {
  const [awa, binta] = [new App(hub, new Store()), new App(hub, new Store())];
  expect(await awa.enrol(first)).toMatchObject([{ Enrolled: { site: "GOG" } }]);
  expect(await binta.enrol(second)).toMatchObject([{ Enrolled: { site: "GOG" } }]);
  expect(await awa.enrol(second), "once is enough").toMatchObject([{ NotEnrolled: {} }]);

  const away = new App("http://127.0.0.1:9", awa.store);
  const { document, code } = recorded(await away.record("case", [{ edit: "set", field: "identity.given", value: "Aïssata" }]));
  expect(code).toMatch(/^GOG-/);
  expect(await away.sync()).toMatchObject([{ SyncFailed: { reason: "the hub was not reached" } }]);

  const back = new App(hub, awa.store);
  expect(await back.sync()).toContainEqual({ Receipted: { changes: 1, position: expect.any(Number) } });
  const [receipt] = back.receipts();
  expect(receipt?.parcels).toMatchObject([{ documents: [{ runs: [{ count: 1, fate: { is: "applied" } }] }], refused: null }]);

  await binta.sync();
  const shown = binta.read(document, "case");
  if (shown === null) throw new Error("Binta has no such case");
  expect(shown.projection.groups["identity"]).toMatchObject({ given: { value: "Aïssata" } });
  recorded(await binta.change(document, "case", shown, [{ edit: "set", field: "identity.family", value: "Traoré" }]));
  await binta.sync();

  await back.sync();
  expect(back.read(document, "case")?.projection.groups["identity"]).toMatchObject({
    given: { value: "Aïssata" },
    family: { value: "Traoré" },
  });
  expect(await back.sync(), "nothing changed: one exchange").toMatchObject([{ Synced: { exchanges: 1, left: 0 } }]);
});
