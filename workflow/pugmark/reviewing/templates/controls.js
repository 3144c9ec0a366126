"use strict";
// Buttons and keys of the queue. A key does what its button does.
const DO = {
  y: () => say("same"), " ": () => say("same"), n: () => say("different"), r: () => say("different"), u: () => say("unsure"),
  x: () => say("unidentifiable"), f: () => wrongFlank(), z: takeBack, j: () => move(1), k: () => move(-1), a: () => pick(0, -1), d: () => pick(0, 1),
  arrowleft: () => pick(1, -1), arrowright: () => pick(1, 1), "+": () => View.zoom(1.25), "=": () => View.zoom(1.25), "-": () => View.zoom(0.8),
  m: () => View.set({ mirror: !View.state().mirror }), 0: () => { View.reset(); document.querySelectorAll("input[type=range]").forEach((slider) => { slider.value = 1; }); },
  "?": () => { const hidden = byId("help").toggleAttribute("hidden"); byId("help-button").ariaExpanded = String(!hidden); },
};

const HELD = ["j", "k", "a", "d", "arrowleft", "arrowright", "+", "=", "-"];

document.addEventListener("keydown", (event) => {
  const field = event.target.closest("input:not([type=range]), textarea, select");
  if (field || event.ctrlKey || event.altKey || event.metaKey) return;
  const key = event.key.toLowerCase();
  if (asksFlank && "1234".includes(key)) { flank(key); event.preventDefault(); return; }
  // A focused button is pressed by Space, as everywhere; the slider keeps its arrows.
  if ((key === " " && event.target.closest("button")) || (key.startsWith("arrow") && event.target.type === "range")) return;
  if (!DO[key] || (!DATA.questions.length && key !== "?")) return;
  // A key that is held gives one answer, and not one to each question that follows.
  if (!event.repeat || HELD.includes(key)) DO[key]();
  event.preventDefault();
});

// What the mouse pressed does not keep the keyboard: Space says "same" again, and the arrows choose pictures.
document.addEventListener("click", (event) => { if (event.detail) event.target.closest("button")?.blur(); });
document.addEventListener("pointerup", (event) => { if (event.target.type === "range") event.target.blur(); });

for (const [answer, text, key] of ANSWERS) {
  const button = element("button", text + " ", { type: "button" });
  button.dataset.answer = answer;
  button.append(element("kbd", key));
  button.onclick = DO[key.toLowerCase()];
  byId("answers").append(button);
}
for (const [key, text] of [["1", "Left"], ["2", "Right"], ["3", "Neither or unclear"], ["4", "Leave it"]]) {
  const button = element("button", text + " ", { type: "button", onclick: () => flank(key) });
  button.append(element("kbd", key));
  byId("flanks").append(button);
}
const tools = document.querySelector(".tools");
for (const [text, key] of [["Undo", "z"], ["Previous", "k"], ["Next", "j"], ["Zoom in", "+"], ["Zoom out", "-"], ["Mirror right", "m"], ["Reset view", "0"]]) {
  const button = element("button", text + " ", { type: "button", onclick: DO[key] });
  button.append(element("kbd", key.toUpperCase()));
  tools.append(button);
}
for (const [text, key] of [["Brightness", "bright"], ["Contrast", "contrast"]]) {
  const label = element("label", text);
  const slider = Object.assign(document.createElement("input"), { type: "range", min: 0.3, max: 3, step: 0.05, value: 1 });
  slider.oninput = () => View.set({ [key]: Number(slider.value) });
  label.append(slider);
  tools.append(label);
}
for (const [key, text] of Object.entries(KEYS)) {
  const term = element("dt", "");
  term.append(element("kbd", key));
  byId("keys").append(term, element("dd", text));
}
byId("help-button").onclick = DO["?"];
byId("home").textContent = DATA.ledger;
byId("names").append(...Object.keys(DATA.animals).map((name) => element("option", "", { value: name })));
byId("naming").onsubmit = (event) => {
  event.preventDefault();
  const value = byId("name").value.trim();
  if (value) { say("name", { value }); byId("name").value = ""; byId("name").blur(); }
};
Store.watch(() => { if (DATA.questions.length) show(); });
const first = DATA.questions.findIndex((question) => !states().done(question));
at = Math.max(0, first);
show();
