// Spend by day: a bar a day, also for days without any, with its scale and what each bar is worth.
import { count, el, money } from './view.js';

const kWidth = 720;
const kHeight = 180;
const kLeft = 64;
const kBottom = 24;
const kTop = 10;

function shape(name, attributes, ...children) {
  const element = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

/// The least of 1, 2, 5, 10, 20, … that is not below `amount`.
function roundUp(amount) {
  const power = 10 ** Math.floor(Math.log10(amount));
  return [1, 2, 5, 10].find((step) => step * power >= amount * (1 - 1e-9)) * power;
}

const dayText = (date) =>
  new Date(`${date}T00:00:00Z`).toLocaleDateString('en', { month: 'short', day: 'numeric', timeZone: 'UTC' });

/// `days` is a report's list of days, the oldest first.
export function spendChart(days) {
  const most = Math.max(...days.map((day) => day.cost_usd), 0);
  const total = days.reduce((sum, day) => sum + day.cost_usd, 0);
  if (days.length === 0 || most === 0) {
    return el('p', { class: 'note' }, `Nothing was spent in these ${days.length} days.`);
  }
  const scale = roundUp(most);
  const room = kHeight - kBottom - kTop;
  const step = (kWidth - kLeft) / days.length;
  const parts = [];
  for (const share of [0, 0.5, 1]) {
    const y = kTop + room * (1 - share);
    parts.push(shape('line', { x1: kLeft, x2: kWidth, y1: y, y2: y, class: 'grid' }));
    parts.push(shape('text', { x: kLeft - 8, y: y + 4, 'text-anchor': 'end' }, money(scale * share)));
  }
  const every = Math.ceil(days.length / 8);
  days.forEach((day, i) => {
    const height = (day.cost_usd / scale) * room;
    const x = kLeft + i * step;
    const title = shape('title', {}, `${dayText(day.date)}: ${money(day.cost_usd)}, ${count(day.requests)} requests`);
    parts.push(shape('g', { class: 'day' }, title,
      shape('rect', { x, y: kTop, width: step, height: room, class: 'touch' }),
      shape('rect', {
        x: x + step * 0.12, y: kTop + room - height, width: step * 0.76, height: Math.max(height, day.cost_usd > 0 ? 1 : 0), rx: 2,
      })));
    if (i % every === 0) {
      parts.push(shape('text', { x: x + step / 2, y: kHeight - 6, 'text-anchor': 'middle' }, dayText(day.date)));
    }
  });
  const label = `Spend by day: ${money(total)} in ${days.length} days, at most ${money(most)} a day`;
  return el('figure', {}, shape('svg', { viewBox: `0 0 ${kWidth} ${kHeight}`, role: 'img', 'aria-label': label }, ...parts));
}
