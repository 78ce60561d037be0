// Medians, the bars, and the table a person reads.

/// The median of each number over a list of equally shaped objects.
export function median(list) {
  if (typeof list[0] === 'number') {
    const sorted = [...list].sort((a, b) => a - b);
    const half = sorted.length >> 1;
    return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
  }
  return Object.fromEntries(
    Object.keys(list[0]).map((name) => [name, median(list.map((item) => item[name]))]),
  );
}

/// Every bar: what it is, what was measured, what is allowed, whether it holds.
export function bars({ medians, idle, crowds, rss_idle_kb }) {
  const nginx = medians.nginx;
  const direct = medians.direct;
  const nufi = medians['nufi process'];
  const power = medians['nufi power'];
  const crowd = crowds['nufi process'];
  const quiet = idle['nufi process'];
  const bar = (what, measured, limit, unit, least = false) => ({
    what,
    measured,
    limit,
    unit,
    holds: least ? measured >= limit : measured <= limit,
    least,
  });
  return [
    bar(
      'added p50 at 1 connection, at most 3 x nginx',
      nufi.one.p50_us - direct.one.p50_us,
      3 * (nginx.one.p50_us - direct.one.p50_us),
      'µs',
    ),
    bar(
      'CPU per plain call at 64 connections, at most 2 x nginx',
      nufi.many.cpu_us,
      2 * nginx.many.cpu_us,
      'µs',
    ),
    bar(
      '1,000 streams: CPU per chunk, at most 1.3 x nginx',
      nufi.streams.cpu_us,
      1.3 * nginx.streams.cpu_us,
      'µs',
    ),
    bar(
      '1,000 streams: p99 chunk delay, at most 3 x nginx',
      nufi.streams.p99_us,
      3 * nginx.streams.p99_us,
      'µs',
    ),
    bar('1,000 streams: complete', nufi.streams.complete, nufi.streams.streams, '', true),
    bar('8,000 streams: complete', crowd.complete, crowd.streams, '', true),
    bar('p99 beside 2,000 idle connections, less than 2 x', quiet.p99_us_with_idle, 2 * quiet.p99_us, 'µs'),
    bar('RSS idle, under 40 MB', rss_idle_kb.process / 1024, 40, 'MB'),
    bar('RSS per stream, under 20 KB', crowd.kb_per_stream, 20, 'KB'),
    bar(
      'power: calls per second at 64 connections, at least 60 % of process',
      power.many.calls_per_second,
      0.6 * nufi.many.calls_per_second,
      '/s',
      true,
    ),
  ];
}

const number = (value) => (value >= 1000 ? Math.round(value).toLocaleString('en-US') : value.toFixed(1));

export function table(summary) {
  const header = [
    '',
    'p50 1c µs',
    'p99 1c µs',
    'calls/s 1c',
    'CPU 1c µs',
    'calls/s 64c',
    'p50 64c µs',
    'p99 64c µs',
    'CPU 64c µs',
    'chunk p50 µs',
    'chunk p99 µs',
    'CPU/chunk µs',
    'complete',
  ];
  const rows = Object.entries(summary.medians).map(([name, { one, many, streams }]) => [
    name,
    one.p50_us,
    one.p99_us,
    one.calls_per_second,
    one.cpu_us,
    many.calls_per_second,
    many.p50_us,
    many.p99_us,
    many.cpu_us,
    streams.p50_us,
    streams.p99_us,
    streams.cpu_us,
    `${Math.round(streams.complete)}/${streams.streams}`,
  ]);
  const lines = [
    header,
    ...rows.map((row) => row.map((cell) => (typeof cell === 'number' ? number(cell) : cell))),
  ];
  const widths = header.map((_, column) => Math.max(...lines.map((line) => line[column].length)));
  const draw = (line) =>
    line.map((cell, i) => (i ? cell.padStart(widths[i]) : cell.padEnd(widths[i]))).join('  ');
  const verdicts = summary.bars.map(
    ({ what, measured, limit, unit, holds, least }) =>
      `${holds ? 'holds ' : 'MISSED'}  ${what}: ${number(measured)} ${unit} (${least ? 'at least' : 'at most'} ${number(limit)})`,
  );
  const crowd = Object.entries(summary.crowds).map(
    ([name, c]) =>
      `${name}: ${Math.round(c.complete)}/${c.streams} complete, chunk p99 ${number(c.p99_us)} µs, RSS ${number(c.rss_before_kb / 1024)} → ${number(c.rss_peak_kb / 1024)} MB, ${number(c.kb_per_stream)} KB a stream`,
  );
  return [
    `medians of ${summary.rounds} alternating rounds, proxy alone on its core`,
    ...lines.map(draw),
    '',
    'many streams at once',
    ...crowd.map((text) => `  ${text}`),
    '',
    'bars',
    ...verdicts.map((text) => `  ${text}`),
  ].join('\n');
}
