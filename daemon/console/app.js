// Signs in with the link's code, and shows the page that the address names.
import { forgetSession, hasSession, signIn, signOut } from './api.js';
import { keysPage } from './keys.js';
import { profilePage } from './profile.js';
import { usagePage } from './usage.js';
import { complain, el } from './view.js';

const kPages = { profile: profilePage, keys: keysPage, usage: usagePage };
const main = document.getElementById('main');
const nav = document.getElementById('nav');
const leave = document.getElementById('leave');

/// Counts the pages that were asked for: one that comes late is not shown any more.
let turn = 0;

function showDoor(text) {
  ++turn;
  nav.hidden = true;
  leave.hidden = true;
  document.title = 'nufi';
  main.replaceChildren(
    el('section', { class: 'door' },
      el('h1', {}, 'Open the console'),
      el('p', {}, text),
      el('p', {}, 'In a terminal on this machine, run ', el('code', {}, 'nufi console'), '.')));
}

async function show() {
  if (!hasSession()) {
    showDoor('You are not signed in.');
    return;
  }
  const [name, ...words] = location.hash.replace(/^#\/?/, '').split('/');
  const page = kPages[name] ? name : 'profile';
  const mine = ++turn;
  nav.hidden = false;
  leave.hidden = false;
  for (const link of nav.querySelectorAll('a')) {
    if (link.hash === `#/${page}`) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  main.setAttribute('aria-busy', 'true');
  try {
    const content = await kPages[page](show, words);
    if (mine !== turn) return;
    main.replaceChildren(...content.filter((part) => part !== null));
    document.title = `${main.querySelector('h1').textContent} · nufi`;
  } catch (error) {
    if (mine === turn && hasSession()) complain(error);
  } finally {
    main.removeAttribute('aria-busy');
  }
}

async function start() {
  const code = /^#code=([0-9A-Za-z]+)$/.exec(location.hash)?.[1];
  if (code) {
    // It is worth nothing any more in a moment, and has no business in the history.
    history.replaceState(null, '', '/');
    try {
      await signIn(code);
    } catch (error) {
      forgetSession();
      showDoor(`${error.message}.`);
      return;
    }
  }
  await show();
}

document.addEventListener('signed-out', (event) => showDoor(`${event.detail.message}.`));
leave.addEventListener('click', async () => {
  await signOut();
  showDoor('You are signed out.');
});
addEventListener('hashchange', () => {
  if (location.hash.startsWith('#code=')) start();
  else show().then(() => main.focus({ preventScroll: true }));
});
start();
