"use strict";
// Moments of videos at which two animals came near, seen frame by frame, the most doubtful first.
const ANSWERS = [["swapped", "Swapped from here", "S"], ["not swapped", "No swap", "N"], ["perhaps swapped", "Unsure", "U"]];
const HELP = {
  "S": "from this frame on each side shows the other animal", "N": "no swap at this moment",
  "U": "unsure: nothing follows", "Z": "take the last answer back", "J, K": "next, previous moment",
  "← →": "frame by frame", "+ − 0": "zoom both (or the wheel; drag to move), the whole", "?": "this help",
};
const SIDES = ["left", "right"];
let at = 0, step = 0, undone = "";

// An answer names a moment by two boxes of it: those of the first frame on which they are near, unless frames were added.
const CROPS = new Map(DATA.moments.map((moment) => [moment, new Set(moment.frames.flatMap((frame) => frame.slice(3)))]));
const isOf = (moment, line) => [line.encounter, line.candidate].every((crop) => CROPS.get(moment).has(crop));

function answers() {
  const lines = Store.standing().filter((line) => SWAPS.includes(line.answer));
  return (moment) => lines.findLast((line) => isOf(moment, line));
}

// The crops of both sides on each frame: from the frame of an answer on, each is the other's.
function sides(moment, line) {
  const from = line?.answer === "swapped" ? Number(line.value) : Infinity;
  return moment.frames.map(([number, , , ...crops]) => ({ crops: number < from ? crops : crops.reverse(), mended: number >= from }));
}

function move(by) {
  at = Math.min(DATA.moments.length - 1, Math.max(0, at + by));
  step = DATA.moments[at].doubtful;
  View.reset();
  show();
}

function advance() {
  const answer = answers(), number = DATA.moments.length;
  for (let by = 1; by < number; by += 1) {
    const next = (at + by) % number;
    if (!answer(DATA.moments[next])) { move(next - at); return; }
  }
  show();
}

function go(to) { step = Math.min(DATA.moments[at].frames.length - 1, Math.max(0, to)); show(); }

// A swap needs both animals on frames before it; what lies before they are near may be of the moment before.
function parts(moment) { return step >= moment.near && [3, 4].every((side) => moment.frames.slice(0, step).some((frame) => frame[side])); }

function say(answer) {
  const moment = DATA.moments[at], [, , , ...ends] = moment.frames[moment.near], before = answers()(moment);
  const [encounter, candidate] = before ? [before.encounter, before.candidate] : ends;
  if (answer === "swapped" && !parts(moment)) {
    Trouble.say("A swap begins where the two are near and both were seen before: go to the first frame after it.", "frame");
    return;
  }
  const media = moment.frames.map((frame) => frame[2]).join(" "), number = moment.frames[answer === "swapped" ? step : moment.near][0];
  const facts = { encounter, candidate, encounter_media: media, candidate_media: media, value: String(number), shown: String(moment.doubt) };
  // What was mended is looked at before the next moment.
  if (Store.add(answer, facts) && answer !== "swapped") advance();
}

function takeBack() {
  const line = Store.undo();
  undone = line ? `Taken back: ${line.answer} ${line.value}. ` : "There is nothing to take back. ";
  const back = line ? DATA.moments.findIndex((moment) => isOf(moment, line)) : -1;
  if (back >= 0 && back !== at) move(back - at); else show();
  undone = "";
}

// A screen reader reads what has changed.
function tell(id, text) { if (byId(id).textContent !== text) byId(id).textContent = text; }

const told = ([number, seconds]) => `frame ${number}${seconds === null ? "" : `, ${seconds.toFixed(2)} s`}`;

function draw(side, moment, frames) {
  const box = byId(SIDES[side]), frame = element("div", "", { className: "frame" }), strip = element("div", "", { className: "strip" });
  const text = (place) => `${["One animal", "The other animal"][side]}, ${told(moment.frames[place])}${frames[place].crops[side] ? "" : ", not seen"}${frames[place].mended ? ", changed places" : ""}`;
  const now = frames[step].crops[side];
  frame.append(now ? Pictures.image(now, text(step)) : element("p", "not seen on this frame"));
  frames.forEach(({ crops, mended }, place) => {
    const button = element("button", "", { type: "button", ariaLabel: text(place), ariaPressed: String(place === step), className: mended ? "mended" : "", title: told(moment.frames[place]) });
    button.append(crops[side] ? Pictures.image(crops[side], "") : "–");
    button.onclick = () => { go(place); box.querySelector("[aria-pressed=true]").focus(); };
    strip.append(button);
  });
  box.replaceChildren(element("h2", moment.names[side] || "no name"), frame, strip);
  strip.querySelector("[aria-pressed=true]").scrollIntoView({ block: "nearest", inline: "nearest" });
  View.watch(frame);
}

function show() {
  const number = DATA.moments.length, moment = DATA.moments[at], answer = answers(), line = answer(moment), frames = sides(moment, line);
  const settled = DATA.moments.filter((one) => answer(one)).length;
  const more = DATA.left_out ? ` ${DATA.left_out} less doubtful ones are not shown.` : "";
  const own = line ? `, you said: ${line.answer}${line.answer === "swapped" ? ` from frame ${line.value}` : ""}` : "";
  Trouble.clear("frame");
  tell("progress", `${undone}${settled} of ${number} moments are settled.${more} This is moment ${at + 1}${own}.`);
  tell("frame", `${told(moment.frames[step])} (${step + 1} of ${frames.length})${frames[step].mended ? "; the two have changed places" : ""}`);
  byId("facts").textContent = `${moment.video} · ${moment.batch} · doubt by the way that both went: ${moment.doubt.toFixed(2)} (above 0.5 a swap fits better)`;
  [0, 1].forEach((side) => draw(side, moment, frames));
  View.apply();
  for (const button of byId("answers").children) button.ariaPressed = String(button.dataset.answer === line?.answer);
  for (const next of DATA.moments.slice(at + 1, at + 3)) Pictures.ahead(next.frames.flatMap((frame) => frame.slice(3)));
}

const DO = {
  s: () => say("swapped"), n: () => say("not swapped"), u: () => say("perhaps swapped"), z: takeBack, j: () => move(1), k: () => move(-1),
  arrowleft: () => go(step - 1), arrowright: () => go(step + 1), ...View.keys, 0: View.reset, "?": Keys.toggle,
};
Keys.listen(DO, ["j", "k", "arrowleft", "arrowright", ...Object.keys(View.keys)]);
for (const [answer, text, key] of ANSWERS) Keys.button(byId("answers"), text, key, DO[key.toLowerCase()], { answer });
for (const [text, key, does] of [["Undo", "Z", "z"], ["Previous moment", "K", "k"], ["Next moment", "J", "j"], ["Frame before", "←", "arrowleft"], ["Frame after", "→", "arrowright"], ["Zoom in", "+", "+"], ["Zoom out", "-", "-"], ["Reset view", "0", "0"]]) {
  Keys.button(document.querySelector(".tools"), text, key, DO[does]);
}
Keys.help(HELP);
Store.watch(show);
move(Math.max(0, DATA.moments.findIndex((moment) => !answers()(moment))));
