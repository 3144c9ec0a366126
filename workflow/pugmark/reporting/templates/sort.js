// A click on a column's head sorts the table by it: numbers largest first, text from A; a second click turns it round.
const text = (row, at) => row.cells[at].dataset.value ?? row.cells[at].textContent.trim().replace(/\u202f/g, "");
const figure = (row, at) => (Number.isNaN(parseFloat(text(row, at))) ? -Infinity : parseFloat(text(row, at)));
for (const table of document.querySelectorAll("table.sortable")) {
  for (const head of table.querySelectorAll("thead th:not(.plain)")) {
    const at = head.cellIndex;
    const numeric = head.classList.contains("figure");
    const button = document.createElement("button");
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const up = head.ariaSort ? head.ariaSort === "descending" : !numeric;
      const ascending = numeric
        ? (one, other) => figure(one, at) - figure(other, at) || 0
        : (one, other) => text(one, at).localeCompare(text(other, at), undefined, { numeric: true });
      table.querySelectorAll("thead th").forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", up ? "ascending" : "descending");
      table.tBodies[0].append(...[...table.tBodies[0].rows].sort((a, b) => (up ? ascending(a, b) : ascending(b, a))));
    });
  }
}
