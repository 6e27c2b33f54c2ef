// A table that is wider than its page scrolls. A keyboard scrolls it only where it can hold the focus.
addEventListener("load", () => {
  const watched = new ResizeObserver((tables) => {
    for (const { target } of tables) {
      if (target.scrollWidth > target.clientWidth) target.tabIndex = 0;
      else target.removeAttribute("tabindex");
    }
  });
  for (const table of document.querySelectorAll(".md-typeset__scrollwrap")) watched.observe(table);
});
