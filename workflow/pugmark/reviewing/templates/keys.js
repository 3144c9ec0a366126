"use strict";
// Buttons and keys: a key does what its button does. A page gives `DO`, {key: what it does}.
const Keys = {
  // held: keys that go on while they are held. first: takes a key before all others, where it returns true.
  listen(DO, held, first = () => false) {
    document.addEventListener("keydown", (event) => {
      const field = event.target.closest("input:not([type=range]), textarea, select");
      if (field || event.ctrlKey || event.altKey || event.metaKey) return;
      const key = event.key.toLowerCase();
      // A focused button is pressed by Space, as everywhere; the slider keeps its arrows.
      if ((key === " " && event.target.closest("button")) || (key.startsWith("arrow") && event.target.type === "range")) return;
      if (first(key)) { event.preventDefault(); return; }
      if (!DO[key]) return;
      // A key that is held gives one answer, and not one to each question that follows.
      if (!event.repeat || held.includes(key)) DO[key]();
      event.preventDefault();
    });
    // What the mouse pressed does not keep the keyboard: Space says "same" again, and the arrows choose pictures.
    document.addEventListener("click", (event) => { if (event.detail) event.target.closest("button")?.blur(); });
    document.addEventListener("pointerup", (event) => { if (event.target.type === "range") event.target.blur(); });
  },

  button(box, text, key, does, facts = {}) {
    const button = element("button", text + " ", { type: "button", onclick: does });
    Object.assign(button.dataset, facts);
    button.append(element("kbd", key));
    box.append(button);
  },

  help(told) {
    for (const [key, text] of Object.entries(told)) {
      const term = element("dt", "");
      term.append(element("kbd", key));
      byId("keys").append(term, element("dd", text));
    }
    byId("home").textContent = DATA.ledger;
    byId("help-button").onclick = Keys.toggle;
  },

  toggle() {
    const hidden = byId("help").toggleAttribute("hidden");
    byId("help-button").ariaExpanded = String(!hidden);
  },
};
