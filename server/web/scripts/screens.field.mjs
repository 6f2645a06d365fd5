/** Pictures of recording and finding: arrivals, the intake, the case and what is done from it. Same form as `screens.list.mjs`. */
const id = (number) => `f1c70000-0000-4000-8000-${number.toString(16).padStart(12, "0")}`;
const q = "fixture";

/** Begins an intake from the fixture's arrival and goes to its screen `step`, counted from 1. */
async function intake(page, step) {
  await page.locator("#person").click();
  await page.locator("#f-identity-given").fill("Mamadou Lamine");
  await page.locator("#f-identity-family").fill("Traoré");
  await page.locator("#f-identity-sex-m").check();
  await page.locator("#f-birth-date").fill("34");
  if (step > 1) {
    await page.locator("#next").click();
    await page.locator("#f-origin-place").waitFor();
  }
  if (step > 2) {
    await page.locator("#f-origin-place input").first().check();
    await page.locator("#same-place").click();
    await page.locator("#next").click();
    await page.locator("#needs").waitFor();
  }
  if (step > 3) {
    await page.locator("#consent-granted").check();
    await page.locator("#next").click();
    await page.locator("#give-food").check();
  }
}

const arrival = { query: q, hash: `#/arrival/${id(0)}` };

export const FIELD_SCREENS = [
  { name: "arrivals", query: q, hash: "#/arrival" },
  { name: "arrival", ...arrival },
  { name: "arrival-new", query: q, hash: "#/arrival/new", then: (page) => page.locator("#trip-keep").waitFor() },
  {
    name: "headcount", query: q, hash: `#/headcount/${id(0)}`,
    async then(page) {
      for (const step of ["men-10", "men-1", "women-5", "boys-1"]) await page.locator(`#count-${step}`).click();
    },
  },
  { name: "announced", query: q, hash: `#/announced/${id(0)}`, then: (page) => page.locator("#announced-done").waitFor() },
  {
    name: "anonymous", query: q, hash: `#/anonymous/${id(0)}`,
    async then(page) {
      await page.locator("#anonymous-sex-f").check();
      await page.locator("#anonymous-band-18-59").check();
      await page.locator("#anonymous-add").click();
      await page.locator("#anonymous-count").waitFor();
    },
  },
  { name: "intake-1-who", ...arrival, then: (page) => intake(page, 1) },
  {
    name: "intake-1-states", ...arrival,
    async then(page) {
      await intake(page, 1);
      await page.locator("#more-names").click();
      await page.locator("#f-identity-father-other").click();
      await page.locator("#f-identity-mother-other").click();
      await page.locator("#f-identity-mother-refused").click();
    },
  },
  {
    name: "intake-1-age", ...arrival, whole: false,
    async then(page) {
      await intake(page, 1);
      await page.locator("#age-else").click();
      await page.locator("#age-event-1991").check();
    },
  },
  { name: "intake-2-way", ...arrival, then: (page) => intake(page, 2) },
  {
    name: "intake-2-place", ...arrival,
    async then(page) {
      await intake(page, 2);
      await page.locator("#f-origin-village").fill("bafulabe");
      await page.locator("#f-origin-place label").first().click();
    },
  },
  { name: "intake-3-care", ...arrival, then: (page) => intake(page, 3) },
  {
    name: "intake-3-details", ...arrival,
    async then(page) {
      await intake(page, 3);
      await page.locator("#consent-refused").check();
      await page.locator("#consent-each").click();
      await page.locator("#consent-details").click();
    },
  },
  {
    name: "intake-3-child", ...arrival,
    async then(page) {
      await intake(page, 3);
      await page.locator("#needs-child_alone").check();
      await page.locator("#child-told").waitFor();
    },
  },
  {
    name: "intake-3-told", ...arrival, whole: false,
    async then(page) {
      await intake(page, 3);
      await page.locator("#needs-child_alone").check();
      await page.locator("#child-told").click();
      await page.locator("#told-when-earlier").check();
    },
  },
  {
    name: "intake-4-given", ...arrival,
    async then(page) {
      await intake(page, 4);
      await page.locator("#give-pocket_money").check();
      await page.locator("#give-xof").fill("5000");
    },
  },
  {
    name: "registered", ...arrival,
    async then(page) {
      await intake(page, 4);
      await page.locator("#finish").click();
      await page.locator("#next-member").waitFor();
    },
  },
  {
    name: "intake-family", ...arrival,
    async then(page) {
      await intake(page, 4);
      await page.locator("#finish").click();
      await page.locator("#next-member").click();
      await page.locator("#relation-child").check();
      await page.locator("#family-like").click();
    },
  },
  { name: "find", query: q, hash: "#/find" },
  {
    name: "find-name", query: q, hash: "#/find",
    async then(page) {
      await page.locator("#find-text").fill("jallo fatu");
      await page.locator("#find-narrow").click();
      await page.locator("#find-day").fill("31/2");
    },
  },
  { name: "find-none", query: q, hash: "#/find", then: (page) => page.locator("#find-text").fill("wxyz blorp") },
  { name: "find-children", query: q, hash: "#/find/children" },
  {
    name: "card", query: q, hash: "#/card",
    async then(page) {
      await page.locator("#card-code").fill("KAY-24-A2-0007-");
      await page.locator("#card-open").click();
      await page.locator("#card-code-wrong").waitFor();
    },
  },
  { name: "case", query: q, hash: `#/case/${id(5)}`, then: (page) => page.locator("#history-title").waitFor() },
  { name: "case-two-values", query: q, hash: `#/case/${id(1)}`, then: (page) => page.locator("#history-title").waitFor() },
  { name: "case-held", query: q, hash: `#/case/${id(2)}`, then: (page) => page.locator("#history-title").waitFor() },
  { name: "case-child", query: q, hash: `#/case/${id(3)}`, then: (page) => page.locator("#history-title").waitFor() },
  { name: "case-dark", query: q, hash: `#/case/${id(1)}`, dark: true, then: (page) => page.locator("#history-title").waitFor() },
  { name: "cardof", query: q, hash: `#/cardof/${id(5)}`, then: (page) => page.locator(".qr").waitFor() },
  {
    name: "given", query: q, hash: `#/given/${id(5)}`,
    async then(page) {
      await page.locator("#give-blanket").check();
    },
  },
  {
    name: "given-void", query: q, hash: `#/given/${id(5)}`, whole: false,
    async then(page) {
      await page.locator("[id^=void-]").first().click();
      await page.locator("#void-keep").waitFor();
    },
  },
  { name: "outcome", query: q, hash: `#/outcome/${id(5)}`, then: (page) => page.locator("#outcome-died").check() },
  { name: "centre", query: q, hash: `#/centre/${id(5)}`, then: (page) => page.locator("#step-profile").waitFor() },
  { name: "centre-profile", query: q, hash: `#/centre/${id(5)}/profile`, then: (page) => page.locator("#step-done").waitFor() },
  { name: "centre-contact", query: q, hash: `#/centre/${id(5)}/contact`, then: (page) => page.locator("#step-done").waitFor() },
  { name: "centre-functions", query: q, hash: `#/centre/${id(5)}/functions`, then: (page) => page.locator("#step-done").waitFor() },
  {
    name: "annex", query: q, hash: `#/annex/new/${id(5)}`,
    async then(page) {
      await page.locator("#annex-type-protection").click();
      await page.locator("#annex-send").waitFor();
    },
  },
];
