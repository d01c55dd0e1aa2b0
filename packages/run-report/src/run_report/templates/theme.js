"use strict";
// In the head, so that the page is never drawn in the wrong theme first. Storage may be forbidden: then nothing is kept.
const theme = {
  key: "run-report-theme",
  kept() {
    try {
      return localStorage.getItem(this.key);
    } catch {
      return null;
    }
  },
  keep(value) {
    try {
      if (value) localStorage.setItem(this.key, value);
      else localStorage.removeItem(this.key);
    } catch {
      // The page still changes; it only forgets.
    }
  },
  set(value) {
    if (value === "light" || value === "dark") document.documentElement.dataset.theme = value;
    else delete document.documentElement.dataset.theme;
  },
};
theme.set(theme.kept());
document.documentElement.classList.add("scripted");
