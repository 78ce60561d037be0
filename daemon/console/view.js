// Elements and the texts in them. Everything that comes from nufid becomes text, never markup.

/// An element: attributes (`on…` are listeners, true and false set and leave out), then children.
export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, '');
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

export const button = (text, onclick, kind = '') => el('button', { type: 'button', class: kind, onclick }, text);

const cents = new Intl.NumberFormat('en-US', { style: 'currency', currency: 'USD' });
const fine = new Intl.NumberFormat('en-US', { style: 'currency', currency: 'USD', maximumSignificantDigits: 2 });
const whole = new Intl.NumberFormat('en-US');

/// "$1.25"; amounts below a cent keep two digits that say something.
export function money(usd) {
  if (usd === null || usd === undefined) return '–';
  return usd !== 0 && Math.abs(usd) < 0.01 ? fine.format(usd) : cents.format(usd);
}
export const count = (number) => (number === null || number === undefined ? '–' : whole.format(number));

const kSpans = [['year', 31_536_000], ['month', 2_592_000], ['day', 86_400], ['hour', 3_600], ['minute', 60]];
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });

/// "3 hours ago" or "in 2 days", with the exact moment behind it.
export function when(time, never = '–') {
  if (!time) return never;
  const seconds = (Date.parse(time) - Date.now()) / 1000;
  const [unit, length] = kSpans.find(([, span]) => Math.abs(seconds) >= span) ?? ['second', 1];
  const text = relative.format(Math.round(seconds / length), unit);
  return el('time', { datetime: time, title: new Date(time).toLocaleString() }, text);
}

/// A table; columns are { title, number, cell(row) }.
export function table(caption, columns, rows, whenEmpty) {
  if (rows.length === 0) return el('p', { class: 'note' }, whenEmpty);
  const kind = (column) => (column.number ? 'number' : null);
  return el('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': caption },
    el('table', {},
      el('caption', { class: 'unseen' }, caption),
      el('thead', {}, el('tr', {}, columns.map((column) =>
        el('th', { scope: 'col', class: kind(column) }, column.title)))),
      el('tbody', {}, rows.map((row) => el('tr', {}, columns.map((column) =>
        el('td', { class: kind(column) }, column.cell(row))))))));
}

/// Labels and values.
export const facts = (pairs) =>
  el('dl', {}, pairs.map(([label, value]) => el('div', {}, el('dt', {}, label), el('dd', {}, value))));

/// How much of a budget is used; nothing without one.
export function budgetBar(item) {
  if (item.budget_usd === null) return null;
  const used = item.budget_usd > 0 ? Math.min(1, item.spent_usd / item.budget_usd) : 1;
  return el('meter', {
    min: 0, max: 1, low: 0.75, high: 0.95, optimum: 0, value: used,
    'aria-label': `${Math.round(used * 100)} % of the budget is used`,
  });
}

export const budgetText = (item) =>
  item.budget_usd === null ? 'no budget' : `${money(item.budget_usd)} / ${item.budget_period}`;

/// Says what went wrong, or well, where screen readers hear it.
export function notice(text, kind = 'good') {
  const box = el('div', { class: `notice ${kind}` }, text);
  document.getElementById('notices').replaceChildren(box);
  if (kind === 'good') setTimeout(() => box.remove(), 6_000);
}
export const complain = (error) => notice(error.hint ? `${error.message} – ${error.hint}` : error.message, 'bad');

/// A dialog with `content`, gone when closed; returns it open.
export function openDialog(title, ...content) {
  const heading = el('h2', { id: 'dialog-title' }, title);
  const dialog = el('dialog', { 'aria-labelledby': 'dialog-title' }, heading, content);
  dialog.addEventListener('close', () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

/// True if the person agrees.
export function agree(title, text, verb) {
  return new Promise((resolve) => {
    let agreed = false;
    const dialog = openDialog(title, el('p', {}, text), el('p', { class: 'actions' },
      button('Cancel', () => dialog.close(), 'quiet'),
      button(verb, () => { agreed = true; dialog.close(); }, 'danger')));
    dialog.addEventListener('close', () => resolve(agreed));
  });
}
