"use strict";
// Pictures come in files of some dozens, each loaded when the first of its pictures is needed.
const Pictures = (() => {
  const found = new Map(), asked = new Map();
  let arrived = null;

  function load(number) {
    if (!asked.has(number)) {
      asked.set(number, new Promise((done) => {
        const script = document.createElement("script");
        script.src = `pictures/${number}.js`;
        script.onload = () => { script.remove(); done(); };
        // Asked for again when one of its pictures is shown again.
        script.onerror = () => { script.remove(); asked.delete(number); done(); };
        document.head.append(script);
      }));
    }
    return asked.get(number);
  }

  function fill(img, crop) {
    const number = DATA.places[crop];
    if (number !== undefined) load(number).then(() => { if (found.has(crop)) img.src = found.get(crop); });
  }

  function empty(text) {
    const img = document.createElement("img");
    img.alt = text;
    img.draggable = false;
    return img;
  }

  // An <img> of a crop, filled as soon as its picture is there.
  function image(crop, text) {
    const img = empty(text);
    fill(img, crop);
    return img;
  }

  const watcher = new IntersectionObserver((entries) => {
    for (const { target } of entries.filter((entry) => entry.isIntersecting)) {
      watcher.unobserve(target);
      fill(target, target.dataset.crop);
    }
  }, { rootMargin: "300px" });

  // The thumbnail of a crop, which is loaded when it comes near the screen.
  function small(crop, text) {
    const img = empty(text);
    img.dataset.crop = crop + " small";
    watcher.observe(img);
    return img;
  }

  const take = (pictures) => Object.entries(pictures).forEach(([crop, url]) => found.set(crop, url));
  const ahead = (crops) => crops.forEach((crop) => DATA.places[crop] !== undefined && load(DATA.places[crop]));
  return { take, image, small, ahead };
})();

// Zoom and place are those of both pictures; brightness, contrast and mirroring are for viewing alone.
const View = (() => {
  const start = () => ({ zoom: 1, x: 0, y: 0, bright: 1, contrast: 1, mirror: false });
  const watchers = [];
  let state = start();
  function apply() {
    for (const img of document.querySelectorAll(".frame img")) {
      const flip = state.mirror && img.closest("#right") ? -1 : 1;
      img.style.transform = `translate(${state.x}%, ${state.y}%) scale(${state.zoom * flip}, ${state.zoom})`;
      img.style.filter = `brightness(${state.bright}) contrast(${state.contrast})`;
    }
    watchers.forEach((watcher) => watcher());
  }
  const set = (facts) => { state = { ...state, ...facts }; apply(); };
  const zoom = (factor) => {
    const next = Math.min(8, Math.max(1, state.zoom * factor));
    set(next === 1 ? { zoom: 1, x: 0, y: 0 } : { zoom: next });
  };
  function watch(frame) {
    frame.addEventListener("wheel", (event) => { event.preventDefault(); zoom(event.deltaY < 0 ? 1.2 : 1 / 1.2); }, { passive: false });
    frame.addEventListener("pointermove", (event) => {
      if (event.buttons !== 1 || state.zoom === 1) return;
      set({ x: state.x + (100 * event.movementX) / frame.clientWidth, y: state.y + (100 * event.movementY) / frame.clientHeight });
    });
  }
  const keys = { "+": () => zoom(1.25), "=": () => zoom(1.25), "-": () => zoom(0.8) };
  return { apply, set, zoom, watch, keys, also: (watcher) => watchers.push(watcher), reset: () => { state = start(); apply(); }, state: () => state };
})();

const byId = (id) => document.getElementById(id);
const element = (name, text, facts = {}) => Object.assign(document.createElement(name), { textContent: text }, facts);

// Who an encounter is, and who says so.
function how(own) {
  const told = { labels: "by labels", person: "by a person", workflow: `by the workflow, probability ${own.probability.toFixed(2)}` }[own.by];
  return own.decision === "review" ? "waits for a person" : `${own.decision}, ${told}`;
}
