// @ts-check
// Elements and numbers.

/**
 * Makes an element. Attributes that begin with "on" are listeners; false, null and undefined leave an attribute out.
 * @param {string} name @param {Record<string, any> | null} [attributes] @param {...any} children @returns {any}
 */
export function h(name, attributes, ...children) {
  const element = document.createElement(name);
  set(element, attributes ?? {});
  element.append(...children.flat().filter((c) => c !== null && c !== undefined && c !== false).map((c) => (c instanceof Node ? c : String(c))));
  return element;
}

/** @param {string} name @param {Record<string, any>} attributes @param {...any} children @returns {any} */
export function svg(name, attributes, ...children) {
  const element = document.createElementNS('http://www.w3.org/2000/svg', name);
  set(element, attributes);
  element.append(...children.flat().filter((c) => c !== null && c !== undefined));
  return element;
}

/** @param {Element} element @param {Record<string, any>} attributes */
function set(element, attributes) {
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith('on')) element.addEventListener(key.slice(2), value);
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(key, value === true ? '' : String(value));
  }
}

/** Changes an element's text only when it is another, so that nothing is drawn anew for nothing. @param {Element} element @param {any} text */
export function say(element, text) {
  const wanted = text === null || text === undefined ? '–' : String(text);
  if (element.textContent !== wanted) element.textContent = wanted;
}

/** A table; every cell may be a text or an element. @param {string} caption @param {string[]} headings @param {any[][]} rows @param {string} [name] @returns {HTMLElement} */
export function table(caption, headings, rows, name) {
  return h('div', { class: 'scroll', tabindex: 0, role: 'group', 'aria-label': caption },
    h('table', { class: name ?? '' },
      h('caption', null, caption),
      h('thead', null, h('tr', null, headings.map((text) => h('th', { scope: 'col' }, text)))),
      h('tbody', null, rows.map((cells) => h('tr', null, cells.map((cell, i) => (i === 0 ? h('th', { scope: 'row' }, cell) : h('td', { 'data-heading': headings[i] }, cell))))))));
}

/** Five significant digits. @param {number | null | undefined} value */
export function number(value) {
  if (value === null || value === undefined || !Number.isFinite(value)) return 'NaN';
  return Math.abs(value) >= 100000 ? Math.round(value).toLocaleString('en') : String(Number(value.toPrecision(5)));
}

/** @param {number | null | undefined} share */
export const percent = (share) => (share === null || share === undefined || !Number.isFinite(share) ? '–' : `${(share * 100).toFixed(1)} %`);

/** @param {string} name */
export const isShare = (name) => /knn|accuracy|share|top1/i.test(name);

/** @param {string} name @param {number | null | undefined} value */
export const metric = (name, value) => (isShare(name) ? percent(value) : number(value));

/** @param {number} seconds */
export function duration(seconds) {
  if (!Number.isFinite(seconds) || seconds < 0) return '–';
  const s = Math.round(seconds);
  if (s >= 172800) return `${Math.floor(s / 86400)} d ${Math.floor((s % 86400) / 3600)} h`;
  const two = (/** @type {number} */ n) => String(n).padStart(2, '0');
  return s >= 3600 ? `${Math.floor(s / 3600)}:${two(Math.floor((s % 3600) / 60))}:${two(s % 60)}` : `${Math.floor(s / 60)}:${two(s % 60)}`;
}

/** @param {string} time */
export const clock = (time) => new Date(time).toLocaleTimeString('en-GB');

/** @param {string} hash */
export const short = (hash) => (hash ? h('code', { title: hash }, hash.slice(0, 10)) : '–');

/** How a phase looks. @param {string} phase */
export function badge(phase) {
  const words = phase.replace(/([A-Z])/g, ' $1').toLowerCase().trim();
  return h('span', { class: `badge ${phase.toLowerCase()}` }, words);
}
