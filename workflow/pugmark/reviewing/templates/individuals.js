"use strict";
// The animals: a list, and a page for each, which its name in the address (#) opens.
const SURE = 0.9;
const FLANKS = { both: "both flanks", linked: "both flanks", left_only: "left flank only", right_only: "right flank only", unknown: "flank not known" };
const said = (one) => Store.standing().filter((line) => line.encounter === one && !["unsure", ...SWAPS].includes(line.answer));
// What is said of an animal is said of the first encounter that shows it.
const firstOf = ({ encounters }) => encounters.find((one) => !said(one).some(({ answer }) => NOBODY.includes(answer))) || encounters[0];

// Such an animal is none yet: it has a name of its own until a person has answered.
const waits = (animal) => animal.encounters.every((one) => DATA.encounters[one].decision === "review");

// Links of the workflow that are least sure: the first to look at where an animal seems to be two.
const doubtful = (animal) => animal.encounters.filter((one) => {
  const own = DATA.encounters[one];
  return own.decision === "review" || (own.decision === "known" && own.by === "workflow" && own.probability < SURE);
});

// Of each animal [its name in small letters, its line in the list].
const LINES = DATA.order.map((name) => {
  const animal = DATA.animals[name], item = element("li", ""), text = element("span", "");
  text.append(element("a", name, { href: "#" + encodeURIComponent(name) }));
  text.append(` ${animal.encounters.length} ${animal.encounters.length === 1 ? "encounter" : "encounters"}, ${FLANKS[animal.status]} `);
  const tag = waits(animal) ? "waits" : doubtful(animal).length ? "doubtful" : "";
  if (tag) text.append(element("span", tag, { className: "tag" }));
  item.append(Pictures.small(animal.face, ""), text);
  return [name.toLowerCase(), item];
});

function list() {
  const wanted = byId("search").value.trim().toLowerCase();
  for (const [name, item] of LINES) item.hidden = !name.includes(wanted);
}

function timeline(times) {
  const known = times.filter(Boolean).map((time) => Date.parse(time.replace(" ", "T"))).sort((a, b) => a - b);
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 1000 40");
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", known.length ? `Seen from ${times.filter(Boolean).sort()[0]} to ${times.filter(Boolean).sort().pop()}` : "No times");
  const span = known[known.length - 1] - known[0] || 1;
  svg.innerHTML = '<line x1="10" x2="990" y1="20" y2="20"/>' + known.map((time) => `<circle cx="${10 + (980 * (time - known[0])) / span}" cy="20" r="6"/>`).join("");
  return svg;
}

function pictures(animal) {
  return [["left", "Left flank"], ["right", "Right flank"], [null, "Flank not known"]].flatMap(([flank, title]) => {
    const own = animal.encounters.filter((one) => DATA.encounters[one].flank === flank);
    const crops = own.flatMap((one) => DATA.encounters[one].crops.map(([crop]) => [crop, one])).filter(([crop]) => crop in DATA.places).slice(0, 24);
    if (!own.length) return [];
    const grid = element("div", "", { className: "grid" });
    grid.append(...crops.map(([crop, one]) => Pictures.image(crop, `${title}, ${DATA.encounters[one].time || "no time"}`)));
    return [element("h3", `${title}: ${own.length} ${own.length === 1 ? "encounter" : "encounters"}`), grid];
  });
}

function stations(animal) {
  const counts = new Map();
  for (const one of animal.encounters) counts.set(DATA.encounters[one].station, (counts.get(DATA.encounters[one].station) || 0) + 1);
  return [...counts].map(([name, number]) => `${name || "station not stated"} (${number})`).join(", ");
}

function table(name, animal) {
  const rows = element("tbody", "");
  for (const one of animal.encounters) {
    const own = DATA.encounters[one], row = element("tr", ""), last = element("td", "");
    row.append(...[own.time || "no time", own.station || "–", own.flank || "–", how(own)].map((text) => element("td", text)));
    if (doubtful(animal).includes(one)) row.lastChild.append(" ", element("span", "doubtful", { className: "tag" }));
    if (one !== firstOf(animal)) {
      last.append(element("button", "Take out", { type: "button", title: "This encounter shows another animal", onclick: () => Store.add("different", pair(one, firstOf(animal))) }), " ");
    }
    last.append(element("button", "No animal or other species", { type: "button", onclick: () => Store.add("other", { encounter: one, encounter_media: media(one) }) }));
    last.append(" ", ...said(one).map((line) => element("span", `you said: ${line.answer} ${line.value}`, { className: "note" })));
    row.append(last);
    rows.append(row);
  }
  const made = element("table", ""), head = element("tr", "");
  head.append(...["Time", "Station", "Flank", "How it was decided", "Correct it"].map((text) => element("th", text, { scope: "col" })));
  made.append(head, rows);
  return made;
}

const media = (one) => [...new Set(DATA.encounters[one].crops.map(([, picture]) => picture))].join(" ");
const pair = (one, other) => ({ encounter: one, candidate: other, encounter_media: media(one), candidate_media: media(other) });

// A form with one field: what it says is one line of the ledger.
function form(label, button, options, write) {
  const made = element("form", "", { className: "naming" }), field = Object.assign(document.createElement("input"), { autocomplete: "off", maxLength: 80 });
  const text = element("label", label + " ");
  text.append(field);
  if (options) field.setAttribute("list", "names");
  made.append(text, " ", element("button", button));
  made.onsubmit = (event) => { event.preventDefault(); const value = field.value.trim(); if (value && write(value) !== false) field.value = ""; };
  return made;
}

function merge(first, other) {
  const animal = DATA.animals[other];
  if (!animal) { Trouble.say(`There is no animal ${other}.`); return false; }
  Trouble.clear();
  return Store.add("same", pair(first, firstOf(animal)));
}

function named(hash) {
  try { return decodeURIComponent(hash); } catch { return hash; }
}

function page() {
  const name = named(location.hash.slice(1)), animal = DATA.animals[name], box = byId("animal");
  box.hidden = !animal;
  if (!animal) return;
  const first = firstOf(animal), names = element("datalist", "", { id: "names" });
  names.append(...Object.keys(DATA.animals).filter((other) => other !== name).map((other) => element("option", "", { value: other })));
  const told = [`named by ${animal.named_by}`, FLANKS[animal.status], animal.linked_by && `flanks joined by ${animal.linked_by}`].filter(Boolean).join(", ");
  const times = animal.encounters.map((one) => DATA.encounters[one].time);
  box.replaceChildren(
    element("h2", name), element("p", told), timeline(times), element("p", stations(animal)), ...pictures(animal), names,
    form("Call it", "Rename", false, (value) => Store.add("rename", { encounter: first, encounter_media: media(first), value })),
    form("It is the same animal as", "Merge", true, (value) => merge(first, value)),
    table(name, animal),
    element("p", "What you say here holds from the next run on. “Undo” takes the last answer back.", { className: "note" }),
    element("button", "Undo", { type: "button", onclick: () => Store.undo() }),
  );
}

function refresh() {
  const animals = Object.values(DATA.animals), waiting = animals.filter(waits).length;
  byId("progress").textContent = `${animals.length - waiting} ${animals.length - waiting === 1 ? "animal" : "animals"}, ${waiting} more that wait for a person; ${Store.standing().length} answers of yours.`;
  page();
}
byId("search").oninput = list;
window.onhashchange = () => { page(); byId("animal").scrollIntoView(); };
Store.watch(refresh);
byId("animals").append(...LINES.map(([, item]) => item));
refresh();
if (location.hash) byId("animal").scrollIntoView();
