/** What is said once: to a user, or about the device. */
import { expect, test } from "vitest";
import { Notices } from "../src/engine/notices.js";

const say = (words: string) => ({ fr: words, en: words });

test("the next user does not read what was said to the one before, but what concerns the device", () => {
  const notices = new Notices();
  notices.addForAll(say("a row was set aside"), "urgent");
  notices.add(say("waits to be confirmed"), "calm");
  notices.add(say("held"), "calm", "document");
  notices.forgetUser();
  expect(notices.all.map(({ words }) => words.fr)).toEqual(["a row was set aside"]);
});

test("the same words are said once, of each document that they are about", () => {
  const notices = new Notices();
  for (const document of ["one", "two", "one"]) notices.add(say("cannot be read"), "urgent", document);
  expect(notices.all).toEqual([{ id: 1, words: say("cannot be read"), documents: ["two", "one"], tone: "urgent" }]);
});
