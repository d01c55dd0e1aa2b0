// Galleries: what is filtered, in which order, and which page of it is in the document. Only one page ever is.
const spaced = (count) => count.toLocaleString("en").replaceAll(",", "\u202f");

class GalleryItems {
  constructor(number, cards) {
    const blocks = (name) => [...document.querySelectorAll(`.gallery-${name}[data-gallery="${number}"]`)];
    this.index = JSON.parse(blocks("index")[0].textContent);
    this.page = this.index.page_items;
    this.words = blocks("words");
    this.pictures = blocks("pictures");
    this.first = cards;
    this.texts = [];
    this.size = this.index.names.length;
  }
  cards(positions) {
    const parsed = new Map();
    const read = (blocks, page) => {
      const key = blocks[page];
      if (!parsed.has(key)) parsed.set(key, JSON.parse(key.textContent));
      return parsed.get(key);
    };
    return positions.map((at) => {
      if (at < this.first.length) return this.first[at];
      const [page, row] = [Math.floor(at / this.page), at % this.page];
      return buildCard(read(this.words, page)[row], read(this.pictures, page)[row]);
    });
  }
  // The words of all items in lower case, a page at a time, while the browser has nothing else to do.
  prepare(deadline) {
    while (this.texts.length < this.size) {
      for (const values of JSON.parse(this.words[this.texts.length / this.page].textContent)) this.texts.push(textOf(values));
      if (deadline && deadline.timeRemaining() < 4) return;
    }
  }
  hasWords(at, words) {
    const text = this.texts[at];
    return words.every((word) => text.includes(word));
  }
  order(positions, how) {
    const { names, shares } = this.index;
    const by = {
      most: (a, b) => shares[b] - shares[a],
      least: (a, b) => (shares[a] < 0) - (shares[b] < 0) || shares[a] - shares[b],
      name: (a, b) => compareNames(names[a], names[b]),
    }[how];
    return by ? positions.sort((a, b) => by(a, b) || a - b) : positions;
  }
}

const compareNames = new Intl.Collator("en", { numeric: true }).compare;

function textOf({ id, truth, question, caption, code, notes = [], tags = [], trials = [] }) {
  const said = trials.flatMap(([, answer, , text]) => [answer, text]);
  return [id, truth, question, caption, code, ...notes, ...tags, ...said].join("\n").toLowerCase();
}

class GalleryView {
  constructor(box) {
    this.box = box;
    this.part = (name) => box.querySelector(name);
    this.list = this.part(".cards");
    this.items = new GalleryItems(box.dataset.gallery, [...this.list.children]);
    this.groups = [...box.querySelectorAll(".filters")];
    this.matches = [...this.items.index.names.keys()];
    this.page = 0;
    this.unfolded = false;
    this.listen();
    this.showPage(0);
    this.prepareWhenIdle();
  }
  listen() {
    for (const group of this.groups) group.addEventListener("click", (event) => this.press(group, event.target.closest("button")));
    let waiting = 0;
    this.part("input[type=search]").addEventListener("input", () => {
      clearTimeout(waiting);
      waiting = setTimeout(() => this.apply(), 100);
    });
    this.part(".order select").addEventListener("change", () => this.apply());
    this.part(".unfold")?.addEventListener("click", () => this.unfold());
    this.list.addEventListener("click", (event) => {
      const button = event.target.closest(".picture");
      if (button) openViewer(this, this.page * this.items.page + [...this.list.children].indexOf(button.closest(".card")));
    });
    this.part(".page-previous")?.addEventListener("click", () => this.turnTo(this.page - 1));
    this.part(".page-next")?.addEventListener("click", () => this.turnTo(this.page + 1));
    this.part(".page-number")?.addEventListener("change", (event) => this.turnTo(Number(event.target.value) - 1));
  }
  press(group, pressed) {
    if (!pressed) return;
    for (const button of group.querySelectorAll("button")) button.setAttribute("aria-pressed", String(button === pressed));
    this.apply();
  }
  apply() {
    const { facets, keys } = this.items.index;
    const wanted = this.groups.map((group) => group.querySelector("[aria-pressed=true]").dataset.key).filter(Boolean);
    const places = wanted.map((key) => keys.indexOf(key));
    const words = this.part("input[type=search]").value.toLowerCase().split(/\s+/).filter(Boolean);
    if (words.length) this.items.prepare();
    const fits = (at) => places.every((place) => facets[at].includes(place)) && (!words.length || this.items.hasWords(at, words));
    const found = [...facets.keys()].filter(fits);
    this.matches = this.items.order(found, this.part(".order select").value);
    this.part(".shown").textContent = `${spaced(found.length)} of ${spaced(this.items.size)}`;
    this.part(".nothing").hidden = found.length > 0;
    this.showPage(0);
  }
  pageCount() {
    return Math.max(1, Math.ceil(this.matches.length / this.items.page));
  }
  showPage(page) {
    this.page = Math.min(Math.max(page, 0), this.pageCount() - 1);
    const cards = this.items.cards(this.matches.slice(this.page * this.items.page, (this.page + 1) * this.items.page));
    for (const details of cards.map((card) => card.querySelector("details"))) if (details) details.open = this.unfolded;
    this.list.replaceChildren(...cards);
    this.showPager();
  }
  showPager() {
    const pager = this.part(".pager");
    if (!pager) return;
    const count = this.pageCount();
    pager.hidden = count === 1;
    this.part(".page-number").value = this.page + 1;
    this.part(".page-number").max = count;
    this.part(".page-count").textContent = `of ${spaced(count)}`;
    this.part(".page-previous").disabled = this.page === 0;
    this.part(".page-next").disabled = this.page === count - 1;
  }
  turnTo(page) {
    this.showPage(Number.isFinite(page) ? page : this.page);
    this.list.focus({ preventScroll: true });
    this.box.scrollIntoView({ block: "start" });
  }
  unfold() {
    this.unfolded = !this.unfolded;
    this.part(".unfold").setAttribute("aria-pressed", String(this.unfolded));
    for (const details of this.list.querySelectorAll("details")) details.open = this.unfolded;
  }
  focusOn(place) {
    const page = Math.floor(place / this.items.page);
    if (page !== this.page) this.showPage(page);
    this.list.children[place % this.items.page]?.querySelector(".picture").focus();
  }
  prepareWhenIdle() {
    const whenIdle = self.requestIdleCallback ?? ((call) => setTimeout(() => call({ timeRemaining: () => 5 }), 50));
    whenIdle((deadline) => {
      this.items.prepare(deadline);
      if (this.items.texts.length < this.items.size) this.prepareWhenIdle();
    });
  }
}
