/**
 * What every test is given: a hub that runs with the sites Gogui and Kayes, links to it, phones on them. All of it ends
 * with the test; its folder goes, too. Import `test` and `expect` from here.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test as base } from "@playwright/test";
import { Hub } from "./hub.ts";
import { Link } from "./link.ts";
import { type Looks, Phone } from "./phone.ts";

export { expect } from "@playwright/test";

/** What a test can ask for. */
export interface Stage {
  /** Runs; kill it, start it. */
  readonly hub: Hub;
  /** A folder of this test. */
  readonly folder: string;
  /** A further link to the hub. */
  readonly newLink: () => Promise<Link>;
  /** A further phone behind this link. */
  readonly newPhone: (link: Link, looks?: Looks) => Phone;
}

interface Given {
  readonly stage: Stage;
}

/** A test with a stage. */
export const test = base.extend<Given>({
  stage: async ({}, use, info) => {
    const folder = await mkdtemp(join(tmpdir(), "segin-browser-"));
    const hub = new Hub(join(folder, "hub"));
    const links: Link[] = [];
    const phones: Phone[] = [];
    try {
      await hub.start();
      await hub.addSite("GOG", "Gogui");
      await hub.addSite("KAY", "Kayes");
      await use({
        hub,
        folder,
        newLink: async () => {
          const link = new Link(() => hub.address);
          await link.open();
          links.push(link);
          return link;
        },
        newPhone: (link, looks) => {
          const phone = new Phone(join(folder, `phone-${phones.length}`), link.url, looks);
          phones.push(phone);
          return phone;
        },
      });
    } finally {
      if (info.status !== info.expectedStatus) await info.attach("the hub's log", { body: hub.log });
      await Promise.all(phones.map((phone) => phone.close()));
      await Promise.all(links.map((link) => link.close()));
      await hub.kill();
      await rm(folder, { recursive: true, force: true });
    }
  },
});
