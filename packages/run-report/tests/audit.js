// What a page lacks for readers with a keyboard, a screen reader or weak eyes, as a list of sentences.
const problems = [];
const complain = (element, what) => problems.push(`${what}: ${element.outerHTML.slice(0, 120)}`);
const all = (selector) => [...document.querySelectorAll(selector)];
const isShown = (element) => element.checkVisibility({ checkVisibilityCSS: true });
const spoken = (element) => {
  if (element.getAttribute("aria-hidden") === "true") return "";
  const own = [...element.childNodes].map((node) => (node.nodeType === 3 ? node.data : node.nodeType === 1 ? spoken(node) : ""));
  return element.getAttribute("aria-label") || element.getAttribute("alt") || own.join("");
};
const nameOf = (element) => {
  const labelledBy = element.getAttribute("aria-labelledby");
  if (labelledBy) return document.getElementById(labelledBy)?.textContent ?? "";
  return spoken(element) || [...(element.labels ?? [])].map(spoken).join(" ");
};

// Names and roles.
for (const element of all("a, button, input, select, summary, dialog, nav, section[id], [role=region], [role=group], [role=img], [role=search], article"))
  if (!nameOf(element).trim()) complain(element, "no name");
for (const image of all("img")) if (!image.alt.trim()) complain(image, "no alternative text");
for (const drawing of all("svg"))
  if (drawing.getAttribute("role") !== "img" && drawing.getAttribute("aria-hidden") !== "true") complain(drawing, "a drawing without a role");
const roles = new Set(["region", "group", "img", "search", "status"]);
for (const element of all("[role]")) if (!roles.has(element.getAttribute("role"))) complain(element, "an unknown role");
for (const element of all("[aria-labelledby]")) if (!document.getElementById(element.getAttribute("aria-labelledby"))) complain(element, "labelled by nothing");
const ids = all("[id]").map((element) => element.id);
for (const id of ids) if (ids.indexOf(id) !== ids.lastIndexOf(id)) problems.push(`the id ${id} is there twice`);
for (const element of all("[tabindex]")) if (element.tabIndex > 0) complain(element, "a tab order of its own");
for (const element of all("button button, a button, button a, summary button")) complain(element, "a control in a control");
if (!document.documentElement.lang) problems.push("no language");

// Landmarks and headings.
for (const landmark of ["main", "body > header", "body > footer", "h1"]) if (all(landmark).length !== 1) problems.push(`not one ${landmark}`);
let level = 0;
for (const heading of all("h1, h2, h3, h4, h5, h6")) {
  if (!isShown(heading)) continue;
  const next = Number(heading.tagName[1]);
  if (next > level + 1) complain(heading, `a heading of level ${next} after ${level}`);
  level = next;
}
if (!document.querySelector("a[href^='#']")?.matches("body > :first-child")) problems.push("no skip link first");

// Tables and live regions.
for (const table of all("table")) {
  if (!table.caption?.textContent.trim()) complain(table, "no caption");
  for (const cell of table.querySelectorAll("th")) {
    if (!cell.scope) complain(cell, "no scope");
    if (!cell.textContent.trim()) complain(cell, "an empty heading");
  }
  if (!table.querySelector("thead th")) complain(table, "no column headings");
}
for (const box of all(".gallery-box")) if (!box.querySelector("output, [aria-live]")) complain(box, "a filter that tells nothing");

// Contrast of every visible text.
const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
const parse = (colour) => {
  canvas.clearRect(0, 0, 1, 1);
  canvas.fillStyle = colour;
  canvas.fillRect(0, 0, 1, 1);
  const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
  return [r, g, b, a / 255];
};
const over = ([r, g, b, a], back) => [r, g, b].map((value, at) => value * a + back[at] * (1 - a));
const light = (rgb) => {
  const [r, g, b] = rgb.map((value) => (value /= 255) <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const backOf = (element) => {
  const layers = [];
  for (let at = element; at; at = at.parentElement) {
    const colour = parse(getComputedStyle(at).backgroundColor);
    layers.push(colour);
    if (colour[3] === 1) break;
  }
  return layers.reduceRight((back, colour) => over(colour, back), [255, 255, 255]);
};
const opacityOf = (element) => (element ? Number(getComputedStyle(element).opacity) * opacityOf(element.parentElement) : 1);
const contrastOf = (element, colour) => {
  const back = backOf(element);
  const [r, g, b, a] = parse(colour);
  const [one, two] = [light(over([r, g, b, a * opacityOf(element)], back)), light(back)];
  return (Math.max(one, two) + 0.05) / (Math.min(one, two) + 0.05);
};
let n_texts = 0;
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
for (let node = walker.nextNode(); node; node = walker.nextNode()) {
  const element = node.parentElement;
  if (!node.data.trim() || element.closest("script, style, template, noscript, .hidden-text, title, option, :disabled") || !isShown(element)) continue;
  const style = getComputedStyle(element);
  const found = contrastOf(element, element.closest("svg") ? style.fill : style.color);
  n_texts += 1;
  if (found < 4.5) complain(element, `a contrast of ${found.toFixed(2)}`);
}
for (const field of all("input[placeholder]")) {
  const found = contrastOf(field, getComputedStyle(field, "::placeholder").color);
  if (found < 4.5) complain(field, `a placeholder's contrast of ${found.toFixed(2)}`);
}
for (const mark of all(".bar, .line:not(.faint), .point, .chart .axis")) {
  const style = getComputedStyle(mark);
  const found = contrastOf(mark, style.stroke);
  if (found < 3) complain(mark, `a mark's contrast of ${found.toFixed(2)}`);
}
return { problems, n_texts };
