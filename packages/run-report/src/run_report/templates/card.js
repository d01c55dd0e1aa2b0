// Build the card of an item beyond the first page from its data: a copy of the mould, filled with text and never with HTML.
function buildCard(values, url) {
  const card = document.querySelector(".card-mould").content.firstElementChild.cloneNode(true);
  const part = (name) => card.querySelector(name);
  const put = (box, text, slot = box) => (text ? (slot.textContent = text) : box.remove());
  card.setAttribute("aria-label", values.id);
  part(".picture .hidden-text").textContent = `Open ${values.id}`;
  part(".item-id").textContent = values.id;
  put(part(".truth"), values.truth, part(".truth b"));
  put(part(".question"), values.question);
  put(part(".caption"), values.caption);
  put(part(".item-code"), values.code, part(".item-code code"));
  fillPicture(part(".picture"), values, url);
  fillList(part(".item-notes"), values.notes, (line, note) => (line.textContent = note));
  fillList(part(".tags"), values.tags, (line, tag) => (line.firstElementChild.textContent = tag));
  if (!values.trials) part("details").remove();
  else {
    part(".rate").textContent = values.rate;
    fillList(part(".strip"), values.trials, (square, [state]) => (square.className = state));
    fillList(part(".trials"), values.trials, fillTrial);
  }
  return card;
}

function fillPicture(button, values, url) {
  const image = button.querySelector("img");
  button.classList.toggle("small", Boolean(values.small));
  if (values.problem) {
    const why = document.createElement("span");
    why.className = "no-picture";
    why.textContent = `no picture: ${values.problem}`;
    image.replaceWith(why);
    return;
  }
  image.width = values.width;
  image.height = values.height;
  image.alt = values.caption || "picture of this item";
  image.src = url;
}

function fillList(list, entries, fill) {
  if (!entries) return list.remove();
  const line = list.firstElementChild;
  list.replaceChildren(
    ...entries.map((entry) => {
      const copy = line.cloneNode(true);
      fill(copy, entry);
      return copy;
    }),
  );
}

function fillTrial(line, [state, answer, judged, text]) {
  line.className = state;
  line.querySelector(".state").textContent = state === "unjudged" ? "not judged" : state;
  line.querySelector("b").textContent = answer;
  const rung = line.querySelector(".rung");
  judged ? (rung.textContent = judged) : rung.remove();
  line.querySelector(".trial-text").textContent = text;
}
