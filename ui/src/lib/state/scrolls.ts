// A part that scrolls and holds nothing to focus is reached by Tab itself, so that the keys can scroll it.

const FOCUSABLE = 'a[href], button, input, select, textarea, [tabindex="0"]';

/** Makes an element a tab stop while it scrolls and nothing in it can be focused. */
export function scrolls(element: HTMLElement): { destroy(): void } {
  const settle = (): void => {
    const over = element.scrollHeight > element.clientHeight + 1 || element.scrollWidth > element.clientWidth + 1;
    if (over && !element.querySelector(FOCUSABLE)) element.tabIndex = 0;
    else element.removeAttribute('tabindex');
  };
  const sizes = new ResizeObserver(settle);
  const content = new MutationObserver(settle);
  sizes.observe(element);
  content.observe(element, { childList: true, subtree: true });
  settle();
  return {
    destroy() {
      sizes.disconnect();
      content.disconnect();
    },
  };
}
