"use strict";
// The answers are lines of the ledger. The browser keeps them at once; where a server serves this page, it gets them too.
const Trouble = {
  say(text, of = "") { const box = document.getElementById("trouble"); box.textContent = text; box.hidden = false; box.dataset.of = of; },
  clear(of = "") { const box = document.getElementById("trouble"); if (!box.dataset.of || box.dataset.of === of) box.hidden = true; },
};

// What the browser keeps; where it keeps nothing, the page does for as long as it is open, and says so.
const Kept = (() => {
  const memory = new Map();
  return {
    get(key) { try { return memory.get(key) ?? localStorage.getItem(key); } catch { return memory.get(key) ?? null; } },
    set(key, value) {
      try { localStorage.setItem(key, value); memory.delete(key); } catch {
        memory.set(key, value);
        Trouble.say("This browser keeps no more answers. Download them before you close the page.", "kept");
      }
    },
    list(key) { try { return JSON.parse(Kept.get(key)) || []; } catch { return []; } },
  };
})();

// Answers on two encounters, on two tracks of a video, and of an encounter without a name: of each kind one counts.
const PAIRS = ["same", "different", "unsure"], SWAPS = ["swapped", "not swapped", "perhaps swapped"], NOBODY = ["unidentifiable", "other"];

const Store = (() => {
  const place = "pugmark:" + location.pathname.replace(/[^/]*$/, "") + DATA.collection + ":";
  const listeners = [];
  let lines = [], owner = "", valid = null;

  const reviewer = () => Kept.get("pugmark:reviewer") || "";
  const key = (line) => [line.reviewer, line.time, line.encounter, line.candidate, line.answer].join("\n");
  const tell = () => listeners.forEach((listener) => listener());

  // Lines that lie in the browser (another page may have written them), those of this page, and further ones, by time.
  function take(further = []) {
    if (owner !== reviewer()) { lines = []; owner = reviewer(); }
    const every = [...Kept.list(place + owner), ...lines, ...further].filter((line) => line.reviewer === owner);
    const found = new Map(every.map((line) => [key(line), line]));
    lines = [...found.values()].sort((one, other) => (one.time < other.time ? -1 : one.time > other.time ? 1 : 0));
    valid = null;
  }
  const keep = () => Kept.set(place + owner, JSON.stringify(lines));

  // No two lines of a reviewer share a time, and none is older than the one before.
  function now() {
    const last = lines.length ? Date.parse(lines[lines.length - 1].time) || 0 : 0;
    return new Date(Math.max(Date.now(), last + 1)).toISOString();
  }

  function add(answer, facts) {
    if (!reviewer() && !ask()) return null;
    take();
    const line = Object.fromEntries(DATA.columns.map((column) => [column, ""]));
    Object.assign(line, facts, { time: now(), reviewer: owner, answer, version: DATA.version });
    lines.push(line);
    valid = null;
    keep();
    tell();
    return line;
  }

  // Undoing is a line as well: what was said stays to be seen.
  function undo() {
    take();
    const line = standing().at(-1);
    if (line) add("withdrawn", { encounter: line.encounter, candidate: line.candidate, supersedes: line.time });
    return line || null;
  }

  // The lines that count, the last one last.
  function standing() {
    if (valid) return valid;
    const back = new Set(lines.map((line) => line.supersedes).filter(Boolean)), last = new Map();
    for (const line of lines) {
      if (back.has(line.time) || line.answer === "withdrawn") continue;
      const kind = [PAIRS, SWAPS, NOBODY].findIndex((answers) => answers.includes(line.answer));
      const subject = kind < 0 ? line.answer + " " + line.encounter : [kind, ...[line.encounter, line.candidate].sort()].join(" ");
      last.delete(subject);
      last.set(subject, line);
    }
    valid = [...last.values()];
    return valid;
  }

  // What a spreadsheet would take for a formula gets an apostrophe.
  function csv() {
    take();
    const safe = (cell) => (/^[=+\-@\t\r]/.test(cell) ? "'" + cell : cell);
    const quoted = (cell) => (/[",\n\r]/.test(cell) ? '"' + cell.replaceAll('"', '""') + '"' : cell);
    const rows = [DATA.columns, ...lines.map((line) => DATA.columns.map((column) => String(line[column])))];
    return rows.map((row) => row.map((cell) => quoted(safe(cell))).join(",") + "\n").join("");
  }

  // A file for each reviewer and browser: a later one of the same browser holds all of the earlier one, and no other does.
  function file() {
    if (!Kept.get(place + "browser")) Kept.set(place + "browser", crypto.getRandomValues(new Uint16Array(2)).join(""));
    const name = `${DATA.collection}-${reviewer() || "answers"}`.replace(/[^\p{L}\p{N}_.-]/gu, "_");
    return `${name}-${Kept.get(place + "browser")}.csv`;
  }

  function download() {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([csv()], { type: "text/csv" }));
    link.download = file();
    link.click();
    Kept.set(place + owner + ":downloaded", String(lines.length));
    tell();
  }

  function ask() {
    const name = (prompt("Your name or initials, as it shall stand beside your answers:", reviewer()) || "").trim();
    if (name) { Kept.set("pugmark:reviewer", name); take(); tell(); }
    return name;
  }

  // Browsers tell other pages a little late. One that wrote meanwhile wrote without the lines of this page.
  window.addEventListener("storage", (event) => {
    if (event.key !== "pugmark:reviewer" && event.key !== place + reviewer()) return;
    take();
    if (lines.length > Kept.list(place + owner).length) keep();
    tell();
  });
  take();
  return {
    add, undo, standing, csv, file, download, ask, reviewer, key,
    lines: () => lines,
    count: () => lines.length,
    fresh: () => Math.max(0, lines.length - Number(Kept.get(place + owner + ":downloaded") || 0)),
    receive: (further) => { take(further); keep(); tell(); },
    watch: (listener) => listeners.push(listener),
  };
})();
