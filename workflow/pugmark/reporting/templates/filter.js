// A choice of species hides the clusters and rows of others.
for (const choice of document.querySelectorAll("select.filter")) {
  choice.addEventListener("change", () => {
    for (const part of choice.closest("section").querySelectorAll("[data-species]")) {
      part.hidden = choice.value !== "" && !part.dataset.species.split(", ").includes(choice.value);
    }
  });
}
