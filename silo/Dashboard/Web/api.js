// @ts-check
// Questions and actions.

/** @type {import('./types').Session} */
let session = { mayAct: false, mayRead: true, guard: null };

/** @returns {import('./types').Session} */
export const current = () => session;

/** @param {string} address @returns {Promise<any>} */
export async function get(address) {
  return answer(await fetch(address, { headers: { accept: 'application/json' } }));
}

/** @param {string} address @param {any} [content] @returns {Promise<any>} */
export async function post(address, content) {
  return answer(await fetch(address, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-sslo-guard': session.guard ?? '' },
    body: JSON.stringify(content ?? {}),
  }));
}

export async function readSession() {
  session = await get('/api/session');
}

/** @param {string} token */
export async function openSession(token) {
  session = await post('/api/session', { token });
}

export async function endSession() {
  await post('/api/session/end');
  await readSession();
}

/** @param {Response} response */
async function answer(response) {
  const text = await response.text();
  let content = null;
  try {
    content = text ? JSON.parse(text) : null;
  } catch {
    // Not ours to read.
  }
  if (!response.ok) throw new Error(content?.error ?? `The silo answered ${response.status}.`);
  return content;
}
