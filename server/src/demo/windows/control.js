// The control page's acts: switches, buttons, and what the hub says of itself, asked once a second.
"use strict";

const EVERY_MS = 1000;

function show(state) {
  document.body.dataset.hub = state.hub ? "up" : "down";
  for (const cell of document.querySelectorAll("[data-count]")) {
    cell.textContent = state.hub ? String(state.hub[cell.dataset.count]) : "–";
  }
  for (const phone of state.phones) {
    const button = document.querySelector(`[data-phone="${phone.name}"] .switch`);
    button.setAttribute("aria-checked", String(phone.airplane));
  }
}

async function look() {
  try {
    const answer = await fetch("/state");
    if (answer.ok) show(await answer.json());
  } catch {
    document.body.dataset.hub = "down";
  }
}

async function follow() {
  await look();
  setTimeout(follow, EVERY_MS);
}

function say(which, details) {
  for (const line of document.querySelectorAll("#verdict p")) line.hidden = !line.classList.contains(which);
  const words = document.querySelector("#verdict .details");
  words.hidden = details === "";
  words.textContent = details;
}

function tell(verdict) {
  const { documents, signatures, conflicts, differences } = verdict;
  const counts = `Documents\u00a0: ${documents}, signatures\u00a0: ${signatures}, désaccords gardés / disagreements kept\u00a0: ${conflicts}, `
    + `différences / differences\u00a0: ${differences}.`;
  say(verdict.agrees ? "agrees" : "differs", verdict.said ? `${counts} ${verdict.said}` : counts);
}

for (const phone of document.querySelectorAll("[data-phone]")) {
  const button = phone.querySelector(".switch");
  button.addEventListener("click", async () => {
    const next = button.getAttribute("aria-checked") === "true" ? "off" : "on";
    await fetch(`/phones/${phone.dataset.phone}/airplane/${next}`, { method: "POST" });
    await look();
  });
}

for (const button of document.querySelectorAll("[data-act]")) {
  button.addEventListener("click", async () => {
    const isVerify = button.dataset.act === "/verify";
    button.disabled = true;
    // What was found before does not hold any more.
    say(isVerify ? "busy" : "nothing", "");
    try {
      const answer = await fetch(button.dataset.act, { method: "POST" });
      if (!answer.ok) say("failed", await answer.text());
      else if (isVerify) tell(await answer.json());
    } catch (error) {
      say("failed", String(error));
    }
    button.disabled = false;
    await look();
  });
}

follow();
