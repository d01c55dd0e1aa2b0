// One item at full size; the arrow keys go through what the gallery's filters leave.
const viewer = document.querySelector(".viewer");
let viewed = { view: null, place: 0 };

function openViewer(view, place) {
  viewed = { view, place };
  showViewed();
  viewer.showModal();
  viewer.querySelector(".viewer-item").focus();
}

function showViewed() {
  const { view, place } = viewed;
  const card = view.items.cards([view.matches[place]])[0].cloneNode(true);
  const opener = card.querySelector(".picture");
  const picture = document.createElement("div");
  picture.className = opener.className;
  picture.append(...[...opener.children].filter((child) => !child.classList.contains("hidden-text")));
  opener.replaceWith(picture);
  for (const details of card.querySelectorAll("details")) details.open = true;
  viewer.querySelector(".viewer-item").replaceChildren(card);
  viewer.querySelector(".viewer-place").textContent = `${spaced(place + 1)} of ${spaced(view.matches.length)}`;
  viewer.querySelector(".viewer-previous").disabled = place === 0;
  viewer.querySelector(".viewer-next").disabled = place === view.matches.length - 1;
}

function stepViewed(by) {
  const place = viewed.place + by;
  if (place < 0 || place >= viewed.view.matches.length) return;
  viewed.place = place;
  showViewed();
  viewer.querySelector(".viewer-item").scrollTop = 0;
  if (document.activeElement.disabled || document.activeElement === document.body) viewer.querySelector(".viewer-item").focus();
}

if (viewer) {
  viewer.querySelector(".viewer-previous").addEventListener("click", () => stepViewed(-1));
  viewer.querySelector(".viewer-next").addEventListener("click", () => stepViewed(1));
  viewer.querySelector(".viewer-close").addEventListener("click", () => viewer.close());
  viewer.addEventListener("click", (event) => event.target === viewer && viewer.close());
  viewer.addEventListener("close", () => viewed.view.focusOn(viewed.place));
  viewer.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.target.closest(".item-code")) return;
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!by) return;
    event.preventDefault();
    stepViewed(by);
  });
}
for (const box of document.querySelectorAll(".gallery-box")) new GalleryView(box);
