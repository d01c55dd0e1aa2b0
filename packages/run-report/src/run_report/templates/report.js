"use strict";
for (const gallery of document.querySelectorAll(".gallery-box")) {
  const cards = [...gallery.querySelectorAll(".card")];
  const groups = [...gallery.querySelectorAll(".filters")];
  const search = gallery.querySelector("input[type=search]");
  const facets = new Map(cards.map((card) => [card, new Set(JSON.parse(card.dataset.facets))]));
  const texts = new Map();
  const textOf = (card) => {
    if (!texts.has(card)) texts.set(card, card.textContent.toLowerCase());
    return texts.get(card);
  };
  const apply = () => {
    const keys = groups.map((group) => group.querySelector("[aria-pressed=true]").dataset.key).filter(Boolean);
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const card of cards) {
      const fits = keys.every((key) => facets.get(card).has(key)) && words.every((word) => textOf(card).includes(word));
      card.hidden = !fits;
      shown += fits ? 1 : 0;
    }
    gallery.querySelector(".shown").textContent = `${shown} of ${cards.length}`;
    gallery.querySelector(".nothing").hidden = shown > 0;
  };
  for (const group of groups) {
    group.addEventListener("click", (event) => {
      const pressed = event.target.closest("button");
      if (!pressed) return;
      for (const button of group.querySelectorAll("button")) button.setAttribute("aria-pressed", String(button === pressed));
      apply();
    });
  }
  let waiting = 0;
  search.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(apply, 100);
  });
  const unfold = gallery.querySelector(".unfold");
  unfold.addEventListener("click", () => {
    const open = unfold.getAttribute("aria-pressed") !== "true";
    unfold.setAttribute("aria-pressed", String(open));
    for (const details of gallery.querySelectorAll("details")) details.open = open;
  });
}
for (const figure of document.querySelectorAll(".curves-figure")) {
  const data = JSON.parse(figure.querySelector(".curve-data").textContent);
  const drawing = figure.querySelector("svg");
  const cursor = figure.querySelector(".cursor");
  const tip = figure.querySelector(".tip");
  const nearest = (line, x) => line.px.reduce((best, at, index) => (Math.abs(at - x) < Math.abs(line.px[best] - x) ? index : best), 0);
  drawing.addEventListener("pointermove", (event) => {
    const lines = data.lines.filter((line) => line.px.length);
    if (!lines.length) return;
    const matrix = drawing.getScreenCTM();
    const x = (event.clientX - matrix.e) / matrix.a;
    const at = lines[0].px[nearest(lines[0], x)];
    cursor.setAttribute("x1", at);
    cursor.setAttribute("x2", at);
    cursor.setAttribute("visibility", "visible");
    const rows = lines.map((line) => `${line.name}  ${line.y[nearest(line, at)]}`);
    tip.textContent = [`${data.x_label} ${lines[0].x[nearest(lines[0], at)]}`, ...rows].join("\n");
    tip.hidden = false;
    const left = at * matrix.a + matrix.e - drawing.parentElement.getBoundingClientRect().left;
    tip.style.left = `${Math.min(Math.max(left + 10, 0), drawing.parentElement.clientWidth - tip.offsetWidth)}px`;
  });
  drawing.addEventListener("pointerleave", () => {
    tip.hidden = true;
    cursor.setAttribute("visibility", "hidden");
  });
}
