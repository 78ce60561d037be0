// HTTP/1.1 as bytes: reading requests and replies without a library that tidies them up.

const blank = Buffer.from('\r\n\r\n');

/// { first, fields: [[name, value]…], headers: {lower-case name: last value}, length } of the head at
/// the start of `bytes`, or undefined while it is not complete.
export function parseHead(bytes) {
  const end = bytes.indexOf(blank);
  if (end < 0) return undefined;
  const [first, ...lines] = bytes.subarray(0, end).toString('latin1').split('\r\n');
  const fields = lines.map((line) => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon), line.slice(colon + 1).trim()];
  });
  const headers = Object.fromEntries(fields.map(([name, value]) => [name.toLowerCase(), value]));
  return { first, fields, headers, length: end + 4 };
}

/// Undoes chunked coding at the start of `bytes`: { body, chunks, length }, or undefined while it is
/// not complete. `partial` gives what is there already.
export function dechunk(bytes, { partial = false } = {}) {
  const chunks = [];
  let at = 0;
  for (;;) {
    const line = bytes.indexOf('\r\n', at);
    if (line < 0) break;
    const size = parseInt(bytes.subarray(at, line).toString('latin1'), 16);
    if (Number.isNaN(size)) throw new Error(`bad chunk size at byte ${at}`);
    const data = line + 2;
    if (size === 0) {
      const end = bytes.indexOf('\r\n', data);
      if (end !== data) break; // no trailers are expected
      return { body: Buffer.concat(chunks), chunks, length: data + 2 };
    }
    if (bytes.length < data + size + 2) break;
    chunks.push(bytes.subarray(data, data + size));
    at = data + size + 2;
  }
  return partial ? { body: Buffer.concat(chunks), chunks, length: at } : undefined;
}

/// The whole message at the start of `bytes`: head with `body`, `chunks` (if chunked) and `length`
/// of it all, or undefined while it is not complete. `ended`: no more bytes will come.
export function parseMessage(bytes, { isReply = false, ended = false, noBody = false } = {}) {
  const head = parseHead(bytes);
  if (!head) return undefined;
  const rest = bytes.subarray(head.length);
  const status = isReply ? Number(head.first.split(' ')[1]) : undefined;
  const done = (body, length, chunks) => ({ ...head, status, body, chunks, length: head.length + length });
  if (noBody || (isReply && (status < 200 || status === 204 || status === 304))) {
    return done(Buffer.alloc(0), 0);
  }
  if (/chunked/i.test(head.headers['transfer-encoding'] ?? '')) {
    const body = dechunk(rest);
    return body && done(body.body, body.length, body.chunks);
  }
  if (head.headers['content-length'] !== undefined) {
    const size = Number(head.headers['content-length']);
    return rest.length < size ? undefined : done(rest.subarray(0, size), size);
  }
  if (isReply) return ended ? done(rest, rest.length) : undefined;
  return done(Buffer.alloc(0), 0);
}

/// The `data:` values of an event stream, in order.
export function sseData(text) {
  return text
    .toString()
    .split(/\r\n\r\n|\n\n/)
    .map((event) =>
      event
        .split(/\r\n|\n/)
        .filter((line) => line.startsWith('data:'))
        .map((line) => line.slice(5).trimStart())
        .join('\n'),
    )
    .filter((data) => data !== '');
}
