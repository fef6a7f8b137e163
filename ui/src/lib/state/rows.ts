// A list of rows is one tab stop: J and K, or the arrows, move within it; Enter opens, as on any button.

/** Makes the buttons within an element one tab stop. */
export function rows(list: HTMLElement): { destroy(): void } {
  const buttons = (): HTMLElement[] => [...list.querySelectorAll<HTMLElement>('button.case, tr[tabindex], [data-row]')];

  function settle(): void {
    const all = buttons();
    const stop = all.find((row) => row.classList.contains('is-selected')) ?? all[0];
    for (const row of all) row.tabIndex = row === stop ? 0 : -1;
  }

  function onkeydown(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const step = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1 }[event.key];
    if (step === undefined) return;
    const all = buttons();
    const at = all.findIndex((row) => row === document.activeElement);
    const next = all[Math.min(all.length - 1, Math.max(0, at + step))];
    if (!next) return;
    event.preventDefault();
    for (const row of all) row.tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
    next.scrollIntoView({ block: 'nearest' });
  }

  const observer = new MutationObserver(settle);
  observer.observe(list, { childList: true, subtree: true, attributes: true, attributeFilter: ['class'] });
  settle();
  list.addEventListener('keydown', onkeydown);
  return {
    destroy() {
      observer.disconnect();
      list.removeEventListener('keydown', onkeydown);
    },
  };
}
