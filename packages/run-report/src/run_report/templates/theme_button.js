{
  // Choosing what the system has already is to follow the system again.
  const button = document.querySelector(".theme");
  const system = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (document.documentElement.dataset.theme ?? (system.matches ? "dark" : "light")) === "dark";
  const show = () => button.setAttribute("aria-pressed", String(isDark()));
  button.addEventListener("click", () => {
    const wanted = isDark() ? "light" : "dark";
    const value = wanted === (system.matches ? "dark" : "light") ? "" : wanted;
    theme.keep(value);
    theme.set(value);
    show();
  });
  system.addEventListener("change", show);
  addEventListener("storage", (event) => {
    if (event.key !== theme.key) return;
    theme.set(event.newValue);
    show();
  });
  show();
}
