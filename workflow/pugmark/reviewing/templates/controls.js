"use strict";
// Buttons and keys of the queue.
const DO = {
  y: () => say("same"), " ": () => say("same"), n: () => say("different"), r: () => say("different"), u: () => say("unsure"),
  x: () => say("unidentifiable"), o: () => say("other"), f: () => wrongFlank(), z: takeBack, j: () => move(1), k: () => move(-1), a: () => pick(0, -1), d: () => pick(0, 1),
  arrowleft: () => pick(1, -1), arrowright: () => pick(1, 1), ...View.keys,
  m: () => View.set({ mirror: !View.state().mirror }), 0: () => { View.reset(); document.querySelectorAll("input[type=range]").forEach((slider) => { slider.value = 1; }); },
  h: Lines.toggle, "?": Keys.toggle,
};

const HELD = ["j", "k", "a", "d", "arrowleft", "arrowright", "+", "=", "-"];

Keys.listen(DO, HELD, (key) => {
  if (asksFlank && "1234".includes(key)) { flank(key); return true; }
  return !DATA.questions.length && key !== "?" && key in DO;
});

for (const [answer, text, key] of ANSWERS) Keys.button(byId("answers"), text, key, DO[key.toLowerCase()], { answer });
for (const [key, text] of [["1", "Left"], ["2", "Right"], ["3", "Neither or unclear"], ["4", "Leave it"]]) {
  Keys.button(byId("flanks"), text, key, () => flank(key));
}
const tools = document.querySelector(".tools");
for (const [text, key] of [["Undo", "z"], ["Previous", "k"], ["Next", "j"], ["Zoom in", "+"], ["Zoom out", "-"], ["Mirror right", "m"], ["Match lines", "h"], ["Reset view", "0"]]) {
  Keys.button(tools, text, key.toUpperCase(), DO[key], { tool: key });
}
const sliders = element("span", "", { className: "sliders" });
for (const [text, key] of [["Brightness", "bright"], ["Contrast", "contrast"]]) {
  const label = element("label", text);
  const slider = Object.assign(document.createElement("input"), { type: "range", min: 0.3, max: 3, step: 0.05, value: 1 });
  slider.oninput = () => View.set({ [key]: Number(slider.value) });
  label.append(slider);
  sliders.append(label);
}
tools.append(sliders);
Keys.help(KEYS);
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
