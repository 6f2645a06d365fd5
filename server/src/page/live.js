"use strict";
(() => {
  const live = document.getElementById("live");
  const link = document.getElementById("link");
  const dialog = document.getElementById("proof");
  const body = document.getElementById("proof-body");

  // Said once for each change: a reader of screens need not hear it again every half minute.
  let said = "";
  const say = (which) => {
    if (said === which) return;
    said = which;
    link.classList.toggle("lost", which === "lost");
    link.replaceChildren(...["fr", "en"].map((lang) => {
      const span = document.createElement("span");
      span.lang = lang;
      if (lang === "en") span.className = "en";
      span.textContent = link.getAttribute(`data-${which}-${lang}`);
      return span;
    }));
  };

  const position = () => document.getElementById("as-of")?.dataset.position ?? "0";
  const pause = (ms) => new Promise((done) => setTimeout(done, ms));

  // Replaces what is shown; whoever works with the keyboard stays where they were.
  const show = (html) => {
    const known = new Set([...live.querySelectorAll(".cases > li")].map((row) => row.id));
    const focused = document.activeElement?.id;
    live.innerHTML = html;
    for (const row of live.querySelectorAll(".cases > li")) {
      if (!known.has(row.id)) row.classList.add("new");
    }
    if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
  };

  const follow = async () => {
    for (;;) {
      try {
        const answer = await fetch(`/page/live?after=${position()}`, { credentials: "same-origin" });
        if (answer.status === 401) return location.reload();
        if (!answer.ok) throw new Error(String(answer.status));
        if (answer.status === 200) show(await answer.text());
        say("live");
        await pause(answer.status === 200 ? 400 : 100);
      } catch {
        say("lost");
        await pause(2000);
      }
    }
  };

  live.addEventListener("click", async (event) => {
    const verify = event.target.closest("a.verify");
    if (!verify || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const answer = await fetch(verify.href, { headers: { "x-fragment": "1" }, credentials: "same-origin" }).catch(() => null);
    if (!answer || !answer.ok) return location.assign(verify.href);
    body.innerHTML = await answer.text();
    dialog.showModal();
  });
  document.getElementById("proof-close").addEventListener("click", () => dialog.close());

  say("live");
  follow();
})();
