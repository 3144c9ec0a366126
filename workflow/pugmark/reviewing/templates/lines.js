"use strict";
// Lines between points of the two pictures that match, over both; off until somebody asks.
const Lines = (() => {
  let on = false, crops = [];

  // Where a point of a picture is on the screen: it fills its frame as `contain` does, then follows the view.
  function place(img, x, y, mirrored) {
    const box = img.parentElement.getBoundingClientRect(), view = View.state();
    const scale = Math.min(box.width / img.naturalWidth, box.height / img.naturalHeight);
    const away = [(x / 1000 - 0.5) * img.naturalWidth * scale, (y / 1000 - 0.5) * img.naturalHeight * scale];
    const flip = mirrored && view.mirror ? -1 : 1;
    const left = box.width * (0.5 + view.x / 100) + away[0] * view.zoom * flip, top = box.height * (0.5 + view.y / 100) + away[1] * view.zoom;
    return { x: box.left + left, y: box.top + top, inside: left >= 0 && top >= 0 && left <= box.width && top <= box.height };
  }

  const images = () => ["left", "right"].map((side) => document.querySelector(`#${side} .frame img`));

  function told(found) {
    if (!found) return "Match lines were not sought between these two pictures: only between the first two of each side, in the first questions.";
    return found.length ? `${found.length / 4} points match under one map of the animal.` : "No points match under one map of the animal.";
  }

  function draw() {
    if (!on) return;
    const svg = byId("lines"), own = svg.getBoundingClientRect(), found = DATA.lines[crops.join(" ")], pair = images();
    svg.replaceChildren();
    byId("matches").textContent = told(found);
    if (!found || pair.some((img) => !img || !img.naturalWidth)) return;
    for (let at = 0; at < found.length; at += 4) {
      const ends = [place(pair[0], found[at], found[at + 1], false), place(pair[1], found[at + 2], found[at + 3], true)];
      if (!ends.every((end) => end.inside)) continue;
      const line = document.createElementNS("http://www.w3.org/2000/svg", "line");
      ends.forEach((end, number) => { line.setAttribute(`x${number + 1}`, end.x - own.left); line.setAttribute(`y${number + 1}`, end.y - own.top); });
      svg.append(line);
    }
  }

  // Other pictures are shown: their lines come when they have loaded.
  function show(pair) {
    crops = pair;
    if (on) images().forEach((img) => { if (img) img.onload = draw; });
    draw();
  }

  function toggle() {
    on = !on;
    byId("lines").toggleAttribute("hidden", !on);
    byId("matches").textContent = "";
    document.querySelector("[data-tool=h]").ariaPressed = String(on);
    show(crops);
  }

  addEventListener("resize", draw);
  View.also(draw);
  return { show, toggle };
})();
