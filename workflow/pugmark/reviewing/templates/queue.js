"use strict";
// The queue: one question after another, the most useful first.
const ANSWERS = [
  ["same", "Same", "Y"], ["different", "Different", "N"], ["unsure", "Unsure", "U"],
  ["unidentifiable", "Unidentifiable", "X"], ["other", "No animal or other species", "O"], ["flank", "Wrong flank", "F"],
];
const KEYS = {
  "Y or Space": "same animal", "N or R": "different animals", "U": "unsure: nobody is asked again, nothing follows",
  "X": "nobody can tell who is on the left", "O": "no animal is on the left, or one of another species",
  "F": "wrong flank: then 1 left, 2 right, 3 neither, 4 leave it",
  "Z": "take the last answer back", "J, K": "next, previous question", "A, D": "pictures on the left",
  "← →": "pictures on the right", "+ −": "zoom both (or the wheel; drag to move)", "M": "mirror the right picture, for viewing only",
  "H": "show or hide lines between points that match",
  "0": "reset the view", "?": "this help",
};
const FLANKS = { 1: "left", 2: "right", 3: "none" };
let at = 0, shown = [0, 0], sides = [[], []], asksFlank = false, undone = "";

// Of the candidate's animal, pictures of the candidate first, then of its other encounters of that flank.
function candidates(name) {
  const own = DATA.encounters[name], animal = DATA.animals[own.animal];
  const others = (animal ? animal.encounters : []).filter((one) => one !== name && DATA.encounters[one].flank === own.flank);
  return [name, ...others].flatMap((one) => DATA.encounters[one].crops).filter(([crop]) => crop in DATA.places).slice(0, 8);
}

function states() {
  const pairs = new Map(), closed = new Set(), nobody = new Set();
  for (const line of Store.standing()) {
    if (NOBODY.includes(line.answer)) nobody.add(line.encounter);
    if (line.answer === "name") closed.add(line.encounter);
    if (PAIRS.includes(line.answer)) pairs.set([line.encounter, line.candidate].sort().join(" "), line.answer);
    if (line.answer === "same") closed.add(line.encounter);
  }
  const answer = ([one, other]) => pairs.get([one, other].sort().join(" "));
  const done = ([one, other]) => Boolean(answer([one, other])) || closed.has(one) || nobody.has(one) || nobody.has(other);
  return { answer, done };
}

function move(step) { at = Math.min(DATA.questions.length - 1, Math.max(0, at + step)); show(); }

function advance() {
  const { done } = states(), number = DATA.questions.length;
  for (let step = 1; step <= number; step += 1) {
    const next = (at + step) % number;
    if (!done(DATA.questions[next])) { at = next; show(); return; }
  }
  show();
}

function say(answer, facts = {}) {
  const [encounter, candidate, , probability] = DATA.questions[at], pair = PAIRS.includes(answer);
  const media = (side) => [...new Set(side.map(([, picture]) => picture))].join(" ");
  const told = { encounter, encounter_media: media(sides[0]), shown: String(probability), ...facts };
  if (pair) Object.assign(told, { candidate, candidate_media: media(sides[1]) });
  if (Store.add(answer, told) && answer !== "flank") advance();
}

function wrongFlank(asks = true) {
  asksFlank = asks;
  byId("flanks").hidden = !asks;
  byId("which-flank").textContent = asks ? "Which flank does the animal on the left show?" : "";
}

function flank(key) {
  wrongFlank(false);
  if (FLANKS[key]) say("flank", { value: FLANKS[key] });
  show();
}

function takeBack() {
  const line = Store.undo();
  undone = line ? `Taken back: ${line.answer} ${line.value}`.trim() + ". " : "There is nothing to take back. ";
  const back = line && DATA.questions.findIndex(([one, other]) => one === line.encounter && (!line.candidate || other === line.candidate));
  if (back >= 0 && line) at = back;
  show();
  undone = "";
}

function pick(side, step) {
  if (!sides[side].length) return;
  shown[side] = (shown[side] + step + sides[side].length) % sides[side].length;
  draw(side);
}

function draw(side) {
  const box = byId(["left", "right"][side]), name = DATA.questions[at][side], own = DATA.encounters[name];
  const flanks = own.flank ? `${own.flank} flank` : "flank not known";
  const who = side ? DATA.questions[at][2] || "no name" : "Who is this?";
  const frame = element("div", "", { className: "frame" }), strip = element("div", "", { className: "strip" });
  const text = (number) => `${["Encounter", "Candidate"][side]}, picture ${number + 1} of ${sides[side].length}`;
  if (sides[side].length) frame.append(Pictures.image(sides[side][shown[side]][0], text(shown[side])));
  sides[side].forEach(([crop], number) => {
    const button = element("button", "", { type: "button", ariaLabel: text(number), ariaPressed: String(number === shown[side]) });
    button.append(Pictures.image(crop, ""));
    button.onclick = () => { shown[side] = number; draw(side); box.querySelector("[aria-pressed=true]").focus(); };
    strip.append(button);
  });
  const facts = [side && how(own), own.station, own.time, flanks, own.batch];
  box.replaceChildren(element("h2", who), element("p", facts.filter(Boolean).join(" · ")), frame, strip);
  View.watch(frame);
  View.apply();
  Lines.show(sides.map((side, number) => side[shown[number]]?.[0]));
}

// Which of the questions about its encounter the present one is.
function about() {
  const own = DATA.questions.filter(([encounter]) => encounter === DATA.questions[at]?.[0]);
  return own.length > 1 ? `, ${own.indexOf(DATA.questions[at]) + 1} of ${own.length} about this encounter` : "";
}

function show() {
  const number = DATA.questions.length, { answer, done } = states();
  const open = DATA.questions.filter((question) => !done(question)).length;
  wrongFlank(false);
  byId("progress").textContent = `${undone}${number - open} of ${number} questions are settled. ${open ? "" : "Nothing is left to ask."} This is question ${at + 1}${about()}.`;
  byId("done").hidden = open > 0;
  byId("question").hidden = number === 0;
  byId("done-text").textContent = Server.token ? "Your answers are saved. Run Snakemake again." : `Download your answers, put the file into ${DATA.ledger}, and run Snakemake again.`;
  if (!number) { byId("progress").textContent = "There are no questions."; return; }
  const [encounter, candidate, , probability, why] = DATA.questions[at];
  sides = [DATA.encounters[encounter].crops.filter(([crop]) => crop in DATA.places), candidates(candidate)];
  shown = [0, 0];
  [0, 1].forEach(draw);
  const reason = { dispute: "People disagree on this pair. ", conflict: "What was said of this pair cannot be true beside the other answers. " }[why] || "";
  byId("facts").textContent = `${reason}The workflow thinks: the same with probability ${probability.toFixed(2)}. Only the animal in each crop is meant, not others in the picture.`;
  for (const button of byId("answers").children) button.ariaPressed = String(button.dataset.answer === answer(DATA.questions[at]));
  for (let step = 1; step < 6 && at + step < number; step += 1) {
    const [next, other] = DATA.questions[at + step];
    Pictures.ahead([...DATA.encounters[next].crops, ...candidates(other)].map(([crop]) => crop));
  }
}
