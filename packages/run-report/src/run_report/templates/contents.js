{
  // Mark the section that is being read in the list of sections.
  const links = new Map([...document.querySelectorAll(".contents a")].map((link) => [link.hash.slice(1), link]));
  const seen = new Set();
  const mark = () => {
    const current = [...links.keys()].find((id) => seen.has(id));
    if (current === undefined) return;
    for (const [id, link] of links) {
      if (id !== current) link.removeAttribute("aria-current");
      else if (!link.hasAttribute("aria-current")) {
        link.setAttribute("aria-current", "true");
        const row = link.closest("ul");
        row.scrollTo({ left: link.offsetLeft - 24, top: link.offsetTop - row.clientHeight / 2 });
      }
    }
  };
  const observer = new IntersectionObserver(
    (entries) => {
      for (const entry of entries) entry.isIntersecting ? seen.add(entry.target.id) : seen.delete(entry.target.id);
      mark();
    },
    { rootMargin: "-80px 0px -55% 0px" },
  );
  for (const id of links.keys()) observer.observe(document.getElementById(id));

  // What scrolls sideways can be scrolled by keyboard.
  const scrollers = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      const scrolls = target.scrollWidth > target.clientWidth || target.scrollHeight > target.clientHeight;
      scrolls ? target.setAttribute("tabindex", "0") : target.removeAttribute("tabindex");
    }
  });
  for (const scroller of document.querySelectorAll(".scroll")) scrollers.observe(scroller);
}
