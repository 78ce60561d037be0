// A client that was told to wait for a minute does so in no time, and the test sees how long it meant.

/// While `t` (a test) runs, timers of almost a minute fire at once; their delays are gathered. A
/// client's limit on a whole call is longer; a test must not run programs meanwhile (see daemon.mjs).
export function skipWaits(t) {
  const waits = [];
  const real = globalThis.setTimeout;
  t.mock.method(globalThis, 'setTimeout', (task, ms, ...rest) => {
    const isWait = ms > 55_000 && ms <= 60_000;
    if (isWait) waits.push(ms);
    return real(task, isWait ? 0 : ms, ...rest);
  });
  return waits;
}
