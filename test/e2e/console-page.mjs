// What the console's tests run inside the page. Plain JavaScript: these functions travel as text, and the browser's names exist only there.

/** The height that the page shows. */
export const heightOf = () => Number(document.querySelector('.figure .value')?.textContent?.replaceAll(',', ''));

/** @param {number} height */
export const isAbove = (height) =>
  Number(document.querySelector('.figure .value')?.textContent?.replaceAll(',', '')) > height;

/** With a running job, another one, a settlement and incidents, the page has all that it can have. */
export const isBusy = () =>
  document.querySelector('#jobs table') !== null &&
  document.querySelector('.settlement') !== null &&
  document.querySelectorAll('#incidents table').length === 2;

export const hasProgress = () => Number(document.querySelector('.bar')?.getAttribute('aria-valuenow')) > 0;

/** Addresses of everything that was loaded from another origin. */
export const loadedFromElsewhere = () =>
  performance
    .getEntriesByType('resource')
    .map(({ name }) => name)
    .filter((name) => !name.startsWith(location.origin));

export const focusedText = () => document.activeElement?.textContent?.trim() ?? '';
export const isMainFocused = () => document.activeElement?.id === 'main';

/** @param {string} hash */
export const isAtSection = (hash) => location.hash === hash && document.querySelector(`${hash} h2`) !== null;

export const scrollWidth = () => document.documentElement.scrollWidth;
export const showChart = () => document.querySelector('.chart')?.scrollIntoView();
export const showTop = () => scrollTo(0, 0);

/**
 * What moved by more than one percent of the window although no user did anything (Layout Instability, W3C).
 *
 * @returns {Promise<string[]>}
 */
export const layoutShifts = () =>
  new Promise((resolve) => {
    new PerformanceObserver((list) => {
      const shifts = list.getEntries().filter(({ value, hadRecentInput }) => value > 0.01 && !hadRecentInput);
      const nameOf = ({ node }) => node?.className || node?.nodeName;
      resolve(shifts.map(({ value, sources }) => `${value.toFixed(3)} ${sources.map(nameOf).join()}`));
    }).observe({ type: 'layout-shift', buffered: true });
    requestAnimationFrame(() => requestAnimationFrame(() => resolve([])));
  });
