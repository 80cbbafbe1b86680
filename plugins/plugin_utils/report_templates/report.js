// SPDX-License-Identifier: GPL-3.0-or-later
"use strict";
(() => {
  const root = document.documentElement;
  const filters = document.getElementById("filters");
  const shown = document.getElementById("shown");
  const nothing = document.getElementById("nothing");
  const matrix = document.getElementById("matrix");
  const rows = Array.from(matrix.tBodies[0].rows);
  const cellsOf = (row) => Array.from(row.querySelectorAll(":scope > * > details > summary, .copy"));
  const texts = new Map();
  const textOf = (row) => {
    if (!texts.has(row)) texts.set(row, row.textContent.toLowerCase());
    return texts.get(row);
  };

  // --- filters
  const apply = () => {
    const { state, version, text } = Object.fromEntries(new FormData(filters));
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const row of rows) {
      const fits =
        (!state || (state === "leaves" ? "leaves" in row.dataset : row.dataset.state === state)) &&
        (!version || row.dataset.version === version) &&
        words.every((word) => textOf(row).includes(word));
      row.hidden = !fits;
      count += fits;
    }
    shown.value = `${count} of ${rows.length} shown`;
    nothing.hidden = count > 0;
    matrix.hidden = count === 0;
    enter(current && !current.closest("tr").hidden ? current : first());
  };
  filters.addEventListener("input", apply);
  filters.addEventListener("submit", (event) => event.preventDefault());

  // --- keyboard: the matrix is one stop of the tab key, arrows move inside
  let current = null;
  const first = () => cellsOf(rows.find((row) => !row.hidden) || rows[0] || matrix)[0] || null;
  const enter = (summary) => {
    if (current) current.tabIndex = -1;
    current = summary;
    if (current) current.tabIndex = 0;
  };
  const visible = (row, step) => {
    do row = step > 0 ? row.nextElementSibling : row.previousElementSibling;
    while (row && row.hidden);
    return row;
  };
  const go = (summary) => {
    if (!summary) return;
    enter(summary);
    summary.focus();
  };
  matrix.addEventListener("focusin", (event) => {
    if (event.target.matches("summary, .copy")) enter(event.target);
  });
  matrix.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const row = event.target.closest("#matrix > tbody > tr");
    if (!row) return;
    const cells = cellsOf(row);
    const at = cells.indexOf(event.target);
    const below = (step) => {
      const other = visible(row, step);
      return other && cellsOf(other)[Math.max(at, 0)];
    };
    const moves = {
      ArrowRight: () => cells[at + 1],
      ArrowLeft: () => cells[at - 1],
      ArrowDown: () => below(1),
      ArrowUp: () => below(-1),
      Home: () => cells[0],
      End: () => cells[cells.length - 1],
      Escape: () => {
        const open = event.target.closest("details[open]") || row.querySelector("details[open]");
        if (!open) return null;
        open.open = false;
        return open.firstElementChild;
      },
    };
    if (!Object.hasOwn(moves, event.key)) return;
    event.preventDefault();
    go(moves[event.key]());
  });

  // --- a row as text
  const copied = document.getElementById("copied");
  const write = async (text) => {
    // Only pages of a file or of https have it.
    if (navigator.clipboard) return navigator.clipboard.writeText(text);
    const field = document.createElement("textarea");
    field.className = "aside";
    field.value = text;
    document.body.append(field);
    field.select();
    const done = document.execCommand("copy");
    field.remove();
    if (!done) throw new Error("refused");
  };
  for (const button of matrix.querySelectorAll(".copy")) {
    const [word] = button.childNodes;
    button.hidden = false;
    button.tabIndex = -1;
    button.addEventListener("click", async () => {
      const done = await write(button.dataset.text).then(() => true, () => false);
      word.data = done ? "Copied" : "Failed";
      copied.textContent = done ? "The row is copied." : "The browser did not let the row be copied.";
      button.focus();
      setTimeout(() => { word.data = "Copy"; copied.textContent = ""; }, 2000);
    });
  }

  // --- light and dark
  const theme = document.getElementById("theme");
  const darkHere = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : darkHere.matches);
  const tell = () => (theme.textContent = isDark() ? "Light view" : "Dark view");
  theme.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    tell();
  });
  darkHere.addEventListener("change", tell);

  // --- print: everything that is worth it is open; in the same state as before afterwards
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = Array.from(matrix.querySelectorAll("details:not([open])"));
    for (const details of opened) details.open = true;
  });
  addEventListener("afterprint", () => {
    for (const details of opened) details.open = false;
    opened = [];
  });

  for (const summary of matrix.querySelectorAll("summary")) summary.tabIndex = -1;
  filters.hidden = false;
  theme.hidden = false;
  tell();
  apply();
})();
