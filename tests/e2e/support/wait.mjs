// Waiting for a condition, always with a deadline.

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/// Resolves with the first true value of `condition` (may be async), or throws after `ms`.
export async function until(condition, ms, what = 'a condition') {
  const end = performance.now() + ms;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (performance.now() > end) throw new Error(`gave up after ${ms} ms waiting for ${what}`);
    await sleep(2);
  }
}

/// `promise`, or an error after `ms`.
export function deadline(promise, ms, what = 'an event') {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`gave up after ${ms} ms waiting for ${what}`)), ms);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/// Runs `task(i)` for 0 <= i < count, at most `parallel` at a time; the results in order.
export async function times(count, parallel, task) {
  const results = new Array(count);
  let next = 0;
  const worker = async () => {
    while (next < count) {
      const i = next++;
      results[i] = await task(i);
    }
  };
  await Promise.all(Array.from({ length: Math.min(parallel, count) }, worker));
  return results;
}

/// A small repeatable random number generator: the same seed gives the same run.
export function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
