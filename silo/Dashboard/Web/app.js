// @ts-check
// Shows the page that the address names.

import { current, openSession, readSession } from './api.js';
import { tell, unlock } from './ask.js';
import { h, say } from './dom.js';
import { follow, on } from './live.js';
import { clusterPage } from './cluster.js';
import { grainsPage } from './grains.js';
import { runPage } from './run.js';
import { runsPage } from './runs.js';

/** @typedef {{ title: string, topics: string[], element: HTMLElement, end?: () => void }} Page */

const main = /** @type {HTMLElement} */ (document.getElementById('main'));
const link = /** @type {HTMLElement} */ (document.getElementById('link'));
/** @type {Page | null} */
let shown = null;

function pick() {
  const parts = location.pathname.split('/').filter(Boolean).map(decodeURIComponent);
  const query = new URLSearchParams(location.search);
  if (parts[0] === 'cluster') return clusterPage(query);
  if (parts[0] === 'grains') return grainsPage(query);
  if (parts[0] === 'runs' && parts[1]) return runPage(parts[1], query);
  return runsPage();
}

export function show() {
  shown?.end?.();
  const page = pick();
  shown = page;
  document.title = `${page.title} · SslOrleans`;
  for (const a of document.querySelectorAll('nav a')) {
    if (location.pathname.startsWith(a.getAttribute('href') ?? '-') || (location.pathname === '/' && a.getAttribute('href') === '/runs')) a.setAttribute('aria-current', 'page');
    else a.removeAttribute('aria-current');
  }
  main.replaceChildren(page.element);
  follow(page.topics);
}

/** Goes to an address of this page. @param {string} address */
export function go(address) {
  history.pushState(null, '', address);
  show();
  main.focus({ preventScroll: true });
  window.scrollTo(0, 0);
}

document.addEventListener('click', (e) => {
  const a = /** @type {Element} */ (e.target).closest?.('a[href]');
  const address = a?.getAttribute('href') ?? '';
  if (!a || !/^\/(runs|cluster|grains)(\/|\?|$)/.test(address) || e.ctrlKey || e.metaKey || e.shiftKey || e.button !== 0) return;
  e.preventDefault();
  go(address);
});
window.addEventListener('popstate', show);
window.addEventListener('sslo-go', (e) => go(/** @type {CustomEvent} */ (e).detail));

function showSession() {
  const button = /** @type {HTMLElement} */ (document.getElementById('token'));
  say(button, current().mayAct ? 'Lock actions' : 'Unlock actions');
  document.documentElement.classList.toggle('unlocked', current().mayAct);
}

document.getElementById('token')?.addEventListener('click', () => unlock(() => {
  showSession();
  tell(current().mayAct ? 'actions are unlocked' : 'actions are locked');
  show();
}));

document.getElementById('theme')?.addEventListener('click', () => {
  const dark = matchMedia('(prefers-color-scheme: dark)').matches;
  const now = document.documentElement.dataset.theme ?? (dark ? 'dark' : 'light');
  const next = now === 'dark' ? 'light' : 'dark';
  document.documentElement.dataset.theme = next;
  localStorage.setItem('theme', next);
  window.dispatchEvent(new Event('sslo-theme'));
});
const theme = localStorage.getItem('theme');
if (theme === 'dark' || theme === 'light') document.documentElement.dataset.theme = theme;

on('link', (state) => {
  say(link, state === 'live' ? 'live' : 'no silo answers; trying again…');
  link.className = `link ${state}`;
});

// A link may carry the token behind its #, which no server and no other site sees. It is exchanged for a session and leaves the address.
const given = new URLSearchParams(location.hash.slice(1)).get('token');
if (given !== null) history.replaceState(null, '', location.pathname + location.search);
try {
  if (given) await openSession(given.trim());
} catch (e) {
  tell(/** @type {Error} */ (e).message);
}
try {
  await readSession();
} catch {
  // The live link says that nobody answers.
}
showSession();
if (current().mayRead) show();
else main.replaceChildren(h('section', { class: 'card' }, h('h1', null, 'Locked'), h('p', null, 'This dashboard listens beyond its own machine, so reading needs the token too. Choose “Unlock actions”.')));
