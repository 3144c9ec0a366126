"use strict";
// The answers are lines of the ledger. The browser keeps them at once; where a server serves this page, it gets them too.
const Store = (() => {
  const place = "pugmark:" + location.pathname.replace(/[^/]*$/, "") + DATA.collection + ":";
  const token = new URLSearchParams(location.search).get("token");
  let lines = [], sent = 0, listeners = [], sending = false;

  const reviewer = () => localStorage.getItem("pugmark:reviewer") || "";
  const load = () => { lines = JSON.parse(localStorage.getItem(place + reviewer()) || "[]"); sent = lines.length; };
  const keep = () => localStorage.setItem(place + reviewer(), JSON.stringify(lines));

  // No two lines of a reviewer share a time, and none is older than the one before.
  function now() {
    const last = lines.length ? Date.parse(lines[lines.length - 1].time) : 0;
    return new Date(Math.max(Date.now(), last + 1)).toISOString();
  }

  function add(answer, facts) {
    if (!reviewer() && !ask()) return null;
    const line = Object.fromEntries(DATA.columns.map((column) => [column, ""]));
    Object.assign(line, facts, { time: now(), reviewer: reviewer(), answer, version: DATA.version });
    lines.push(line);
    keep();
    send();
    tell();
    return line;
  }

  // Undoing is a line as well: what was said stays to be seen.
  function undo() {
    const line = standing().pop();
    if (line) add("withdrawn", { encounter: line.encounter, candidate: line.candidate, supersedes: line.time });
    return line || null;
  }

  function standing() {
    const back = new Set(lines.map((line) => line.supersedes).filter(Boolean)), last = new Map();
    for (const line of lines) {
      if (back.has(line.time) || line.answer === "withdrawn") continue;
      const pair = ["same", "different", "unsure"].includes(line.answer);
      const subject = pair ? [line.encounter, line.candidate].sort().join(" ") : line.answer + " " + line.encounter;
      last.delete(subject);
      last.set(subject, line);
    }
    return [...last.values()];
  }

  // What a spreadsheet would take for a formula gets an apostrophe.
  function csv() {
    const safe = (cell) => (/^[=+\-@\t\r]/.test(cell) ? "'" + cell : cell);
    const quoted = (cell) => (/[",\n\r]/.test(cell) ? '"' + cell.replaceAll('"', '""') + '"' : cell);
    const rows = [DATA.columns, ...lines.map((line) => DATA.columns.map((column) => String(line[column])))];
    return rows.map((row) => row.map((cell) => quoted(safe(cell))).join(",") + "\n").join("");
  }

  function download() {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([csv()], { type: "text/csv" }));
    link.download = `${DATA.collection}-${reviewer() || "answers"}.csv`.replace(/[^\w.-]/g, "_");
    link.click();
  }

  function ask() {
    const name = (prompt("Your name or initials, as it shall stand beside your answers:", reviewer()) || "").trim();
    if (name) { localStorage.setItem("pugmark:reviewer", name); load(); fetchOwn(); tell(); }
    return name;
  }

  // With a server: one request for each answer, again and again until it is taken.
  async function send() {
    if (!token || sending) return;
    sending = true;
    while (sent < lines.length) {
      try {
        const body = JSON.stringify(lines[sent]);
        const reply = await fetch("answers?token=" + token, { method: "POST", body });
        if (!reply.ok) throw new Error(await reply.text());
        sent += 1;
        Trouble.clear();
      } catch (error) {
        Trouble.say(`${lines.length - sent} answers are not saved on the server yet: ${error.message}. They are kept in this browser.`);
        await new Promise((later) => setTimeout(later, 3000));
      }
    }
    sending = false;
  }

  async function fetchOwn() {
    if (!token || !reviewer()) return;
    try {
      const reply = await fetch(`answers?token=${token}&reviewer=${encodeURIComponent(reviewer())}`);
      const saved = await reply.json(), known = new Set(saved.map((line) => line.time));
      const unsaved = lines.filter((line) => !known.has(line.time));
      lines = [...saved, ...unsaved];
      sent = saved.length;
      keep();
      tell();
      send();
    } catch (error) { Trouble.say(`The server does not answer: ${error.message}.`); }
  }

  const tell = () => listeners.forEach((listener) => listener());
  if (reviewer()) load();
  fetchOwn();
  return { add, undo, standing, csv, download, ask, reviewer, token, count: () => lines.length, watch: (f) => listeners.push(f) };
})();

const Trouble = {
  say(text) { const box = document.getElementById("trouble"); box.textContent = text; box.hidden = false; },
  clear() { document.getElementById("trouble").hidden = true; },
};

// Links keep the server's token.
for (const id of ["to-animals", "to-questions"]) {
  const link = document.getElementById(id);
  if (link && Store.token) link.href += "?token=" + encodeURIComponent(Store.token);
}
const whoButton = document.getElementById("who");
const showWho = () => { whoButton.textContent = Store.reviewer() ? `You are ${Store.reviewer()}` : "Say who you are"; };
whoButton.onclick = () => Store.ask();
document.getElementById("download").onclick = () => Store.download();
Store.watch(showWho);
showWho();
