"use strict";
// Where a server serves this page, each answer goes to it, again and again until it is taken.
const Server = (() => {
  const token = location.protocol === "file:" ? null : new URLSearchParams(location.search).get("token");
  const address = "answers?token=" + encodeURIComponent(token), saved = new Set(), refused = new Set();
  let heard = null, busy = false;
  const waiting = () => Store.lines().filter((line) => !saved.has(Store.key(line)) && !refused.has(Store.key(line)));

  async function spoken(reply) {
    if (reply.ok) return reply;
    const text = reply.status === 403 ? "the server was started anew: open the address that it printed" : await reply.text();
    throw Object.assign(new Error(text), { refused: reply.status === 400 });
  }

  async function step() {
    const who = Store.reviewer();
    if (heard !== who) {
      const told = await (await spoken(await fetch(`${address}&reviewer=${encodeURIComponent(who)}`))).json();
      told.forEach((line) => saved.add(Store.key(line)));
      if (who === Store.reviewer()) { heard = who; Store.receive(told); }
      return true;
    }
    const [line] = waiting();
    if (!line) return false;
    try {
      await spoken(await fetch(address, { method: "POST", body: JSON.stringify(line) }));
      saved.add(Store.key(line));
    } catch (error) {
      if (!error.refused) throw error;
      refused.add(Store.key(line));
      Trouble.say(`The server does not take an answer: ${error.message} Download your answers to keep it.`, "refused");
    }
    return true;
  }

  async function sync() {
    if (!token || busy || !Store.reviewer()) return;
    busy = true;
    for (let more = true; more;) {
      try {
        more = await step();
        Trouble.clear("server");
      } catch (error) {
        const number = waiting().length, what = number === 1 ? "1 answer is" : `${number} answers are`;
        Trouble.say(`The server does not answer (${error.message}). ${what} in this browser alone; the page tries again.`, "server");
        await new Promise((later) => setTimeout(later, 3000));
      }
    }
    busy = false;
  }

  window.addEventListener("beforeunload", (event) => { if (token && waiting().length) event.preventDefault(); });
  Store.watch(sync);
  sync();
  return { token };
})();

// Links keep the server's token.
for (const id of ["to-animals", "to-questions", "to-videos"]) {
  const link = document.getElementById(id);
  if (link && Server.token) link.href += "?token=" + encodeURIComponent(Server.token);
}
function showHead() {
  const fresh = Server.token ? 0 : Store.fresh();
  document.getElementById("who").textContent = Store.reviewer() ? `You are ${Store.reviewer()}` : "Say who you are";
  document.getElementById("download").textContent = `Download answers${fresh ? ` (${fresh} new)` : ""}`;
}
document.getElementById("who").onclick = () => Store.ask();
document.getElementById("download").onclick = () => Store.download();
Store.watch(showHead);
showHead();
