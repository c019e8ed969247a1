// @ts-check
// One connection for what changes: it reconnects by itself, rests while nobody looks, and says when to read everything anew.

/** @typedef {'state' | 'news' | 'leases' | 'grains' | 'reload'} Message */

/** @type {Map<string, Set<(content: any) => void>>} */
const listeners = new Map();
/** @type {EventSource | null} */
let source = null;
/** @type {string[]} */
let topics = [];
let wasLost = false;
let lastHeard = 0;
/** @type {any} */
let retry = 0;

/** @param {Message | 'link'} message @param {(content: any) => void} listener @returns {() => void} stops listening */
export function on(message, listener) {
  const all = listeners.get(message) ?? new Set();
  listeners.set(message, all);
  all.add(listener);
  return () => all.delete(listener);
}

/** What the page that is shown wants beside the state. @param {string[]} wanted */
export function follow(wanted) {
  topics = wanted;
  open();
}

/** @param {string} message @param {any} content */
function tell(message, content) {
  for (const listener of [...(listeners.get(message) ?? [])]) listener(content);
}

function close() {
  clearTimeout(retry);
  source?.close();
  source = null;
}

function open() {
  close();
  if (document.hidden) return;
  const query = topics.map((t) => `topic=${encodeURIComponent(t)}`).join('&');
  const mine = new EventSource(`/api/live${query ? `?${query}` : ''}`);
  source = mine;
  for (const message of ['state', 'news', 'leases', 'grains', 'reload']) {
    mine.addEventListener(message, (e) => {
      lastHeard = Date.now();
      tell(message, JSON.parse(/** @type {MessageEvent} */ (e).data));
    });
  }
  mine.onopen = () => {
    lastHeard = Date.now();
    tell('link', 'live');
    if (wasLost) tell('reload', {});
    wasLost = false;
  };
  mine.onerror = () => {
    wasLost = true;
    tell('link', 'lost');
    if (mine.readyState !== EventSource.CLOSED || source !== mine) return;
    clearTimeout(retry);
    retry = setTimeout(open, 1500);
  };
}

document.addEventListener('visibilitychange', () => {
  if (document.hidden) {
    wasLost = true;
    close();
  } else {
    open();
  }
});

// A machine that slept wakes up with a connection that only looks alive: the silo says something every five seconds.
setInterval(() => {
  if (source && !document.hidden && lastHeard > 0 && Date.now() - lastHeard > 15000) {
    wasLost = true;
    lastHeard = Date.now();
    open();
  }
}, 3000);
