// The fault matrix: whatever is wrong with an upstream's reply, what the client gets and what the
// ledger says. A row names the fault, then how it answers, what the client gets, and the row of the
// ledger: status, HTTP status, how the cost is known, nano-USD, the error's code. Where plain replies
// and streams differ, they have rows of their own.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import zlib from 'node:zlib';

import {
  chunked,
  close,
  error,
  gzip,
  http,
  json,
  Matrix,
  part,
  plain,
  refuses,
  sends,
  sendsAndCloses,
  sendsAndResets,
  sendsBytes,
  stream,
  streamOf,
  used,
} from './support/faults.mjs';
import { chunk, usageChunk } from './support/provider.mjs';

const whole = ['200 the answer', 'ok 200 exact 37000'];

/// The stream with `change` made to the text of it, for both what is sent and what is got.
const changed = (change) => ({ ...stream, sends: change(stream.sends), gets: change(stream.gets) });
const lines = (end) => changed((text) => text.replaceAll('\n', end));
const decorated = changed(
  (text) =>
    `\uFEFF: hello\n\nretry: 100\n\n${text.replaceAll('data: ', 'event: message\nid: 7\n: about it\ndata: ')}: bye\n\n`,
);
/// Every event's JSON over several data lines: a line end may stand wherever JSON allows white space.
const multiline = changed((text) => text.replaceAll(',"choices"', ',\ndata: "choices"'));

/// What may be wrong with a reply that is whole all the same: both forms of it, in every framing.
const harmless = {
  'a length': (form) => sends(http(form.sends, form)),
  'chunked': (form) => sends(http(form.sends, { ...form, ...chunked })),
  'a chunk of HTTP for every byte': (form) => sends(http(form.sends, { ...form, ...chunked, size: 1 })),
  'every byte by itself': (form) => sendsBytes(http(form.sends, { ...form, ...chunked, size: 7 })),
  'gzip, every byte by itself': (form) =>
    sendsBytes(http(zlib.gzipSync(form.sends), { ...form, ...chunked, fields: gzip })),
  'chunked with trailers': (form) =>
    sends(http(form.sends, { ...form, ...chunked, trailers: ['X-Sum: 1', 'X-More: 2'] })),
  'neither length nor chunks, until it closes': (form) => sendsAndCloses(http(form.sends, { ...form, ...close })),
  'HTTP/1.0': (form) => sendsAndCloses(http(form.sends, { ...form, ...close, version: '1.0' })),
  'HTTP/1.0 with a length': (form) => sendsAndCloses(http(form.sends, { ...form, version: '1.0' })),
  'Connection: close after the reply': (form) =>
    sendsAndCloses(http(form.sends, { ...form, ...chunked, fields: ['Connection: close'] })),
  'Connection: close that is not kept': (form) =>
    sends(http(form.sends, { ...form, fields: ['Connection: close'] })),
  '100 Continue in front': (form) => sends('HTTP/1.1 100 Continue\r\n\r\n', http(form.sends, form)),
  '100, 102, 103 and 100 in front, in one piece': (form) =>
    sends(
      Buffer.concat([
        Buffer.from('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n'),
        Buffer.from('HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n'),
        http(form.sends, form),
      ]),
    ),
  'bytes behind the length': (form) => sends(Buffer.concat([http(form.sends, form), Buffer.from('more')])),
  'gzip though not asked': (form) =>
    sends(http(zlib.gzipSync(form.sends), { ...form, fields: gzip })),
  'gzip, a chunk for every byte': (form) =>
    sends(http(zlib.gzipSync(form.sends), { ...form, ...chunked, size: 1, fields: gzip })),
  'gzip until it closes': (form) =>
    sendsAndCloses(http(zlib.gzipSync(form.sends), { ...form, ...close, fields: gzip })),
  'deflate': (form) =>
    sends(http(zlib.deflateSync(form.sends), { ...form, fields: ['content-encoding: Deflate'] })),
  'deflate without its frame': (form) =>
    sends(http(zlib.deflateRawSync(form.sends), { ...form, fields: ['Content-Encoding: deflate'] })),
  'Content-Encoding: identity': (form) =>
    sends(http(form.sends, { ...form, fields: ['Content-Encoding: identity'] })),
  'no type': (form) => sends(http(form.sends, { ...form, type: '' })),
  'text/plain': (form) => sends(http(form.sends, { ...form, type: 'text/plain; charset=utf-8' })),
  "the other form's type": (form) =>
    sends(http(form.sends, { ...form, type: form === plain ? stream.type : plain.type })),
  'a type of its own': (form) => sends(http(form.sends, { ...form, type: 'application/octet-stream' })),
};

/// What may be wrong with the events of a stream that is whole all the same.
const streams = {
  'CRLF': lines('\r\n'),
  'lone CR': lines('\r'),
  'a byte order mark, comments, names, ids and retry': decorated,
  'JSON over several data lines': multiline,
  'data: without a space': changed((text) => text.replaceAll('data: ', 'data:')),
  'no [DONE]': changed((text) => text.replace('data: [DONE]\n\n', '')),
  'no [DONE] and no empty line at the end': {
    ...stream,
    sends: stream.sends.replace('\n\ndata: [DONE]\n\n', ''),
    gets: stream.gets.replace('data: [DONE]\n\n', ''),
  },
  'more behind [DONE]': changed((text) => `${text}: bye\n\ndata: {"x":1}\n\n`),
  'ids that are null or always the same': changed((text) =>
    text.replaceAll('"id":"chatcmpl-1"', '"id":null').replace('"id":null', '"id":"x"'),
  ),
  'comments to keep it alive': changed((text) => `\n\n: PROCESSING\n\n${text.replaceAll('data: ', ': ping\ndata: ')}`),
  'usage in every chunk: the last one counts': {
    ...stream,
    sends: streamOf([
      json(chunk({ content: 'a' }, { usage: { ...used, completion_tokens: 1, total_tokens: 8 } })),
      json(chunk({ content: 'b' }, { usage: { ...used, completion_tokens: 2, total_tokens: 9 } })),
      json(chunk({ content: 'c' }, { usage: used })),
      '[DONE]',
    ]),
  },
  'usage and nothing else in front, then in every chunk': {
    ...stream,
    sends: streamOf([json(usageChunk({ ...used, completion_tokens: 0 })), json(chunk({ content: 'a' }, { usage: used })), '[DONE]']),
    gets: streamOf([json(chunk({ content: 'a' }, { usage: used })), '[DONE]']),
  },
  'an event of 1 MB': changed((text) => `data: ${json(chunk({ content: 'x'.repeat(1_000_000) }))}\n\n${text}`),
};
streams['usage in every chunk: the last one counts'].gets = streams['usage in every chunk: the last one counts'].sends;

const blank = 'upstream_error 200 exact 0 upstream_error';
const noReply = ['502 upstream_error', 'upstream_error 502 exact 0 upstream_error'];

/// name → [how it answers, what the client gets, what the ledger says, the whole answer, is it a stream]
const rows = {
  // No answer at all.
  'connect refused': ['refused', ...noReply],
  'closes without a reply': [(exchange) => exchange.end(), ...noReply],
  'resets without a reply': [(exchange) => exchange.reset(), ...noReply],
  'closes in the middle of the head': [sendsAndCloses('HTTP/1.1 200 OK\r\nContent-'), ...noReply],
  'does not speak HTTP': [sends('SSH-2.0-OpenSSH_9.2\r\n\r\n'), ...noReply],
  'switches protocols': [sends('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n'), ...noReply],

  // An answer that breaks off: what was said is charged, and nothing is passed off as whole.
  'a plain reply shorter than its length': [
    sendsAndCloses(http(plain.sends, plain).subarray(0, -20)),
    '200 a part, cut off',
    'upstream_error 200 estimated',
    plain.gets,
  ],
  'a plain reply reset in its middle': [
    sendsAndResets(http(plain.sends, plain).subarray(0, -60)),
    '200 a part, cut off',
    'upstream_error 200 estimated',
    plain.gets,
  ],
  'a stream closed in its middle': [
    sendsAndCloses(http(part, { ...stream, ...chunked }).subarray(0, -5)),
    '200 a part, upstream_error',
    'upstream_error 200 estimated',
    stream.gets,
    true,
  ],
  'a stream reset in its middle': [
    sendsAndResets(http(part, { ...stream, ...chunked }).subarray(0, -5)),
    '200 a part, upstream_error',
    'upstream_error 200 estimated',
    stream.gets,
    true,
  ],
  'a stream shorter than its length': [
    sendsAndCloses(http(stream.sends, stream).subarray(0, -400)),
    '200 a part, upstream_error',
    'upstream_error 200 estimated',
    stream.gets,
    true,
  ],
  'a stream closed before its first event': [
    sendsAndCloses(http('', { ...stream, ...chunked }).subarray(0, -5)),
    ...noReply,
    stream.gets,
    true,
  ],
  'chunks that are none': [
    sends(Buffer.concat([http(part, { ...stream, ...chunked }).subarray(0, -5), Buffer.from('zz\r\n')])),
    '200 a part, upstream_error',
    'upstream_error 200 estimated',
    stream.gets,
    true,
  ],
  'gzip that is cut off': [
    sends(http(zlib.gzipSync(stream.sends).subarray(0, -60), { ...stream, fields: gzip })),
    '200 a part, upstream_error',
    'upstream_error 200',
    stream.gets,
    true,
  ],
  'gzip that is none': [sends(http('plain text', { ...plain, fields: gzip })), ...noReply],

  // 200, but no answer.
  '200 with an error': [sends(http(error('inner'), plain)), '200 the answer', blank, error('inner')],
  '200 with an error as the first event': [
    sends(http(streamOf([error('inner')]), { ...stream, ...chunked })),
    '200 the answer',
    blank,
    streamOf([error('inner')]),
    true,
  ],
  '200 with an error in JSON to who asked for a stream': [
    sends(http(error('inner'), plain)),
    '200 the answer',
    blank,
    error('inner'),
    true,
  ],
  '200 with an error in JSON that is called a stream': [
    sends(http(error('inner'), stream)),
    '200 the answer',
    blank,
    error('inner'),
    true,
  ],
  '200 with an event called error': [
    sends(http('event: error\ndata: {"message":"it failed"}\n\n', stream)),
    '200 the answer',
    blank,
    'event: error\ndata: {"message":"it failed"}\n\n',
    true,
  ],
  'an error in the middle of a stream, and no end': [
    sends(http(`${part}\n\n${streamOf([error('inner')])}`, stream)),
    '200 the answer',
    'upstream_error 200 estimated',
    `${part}\n\n${streamOf([error('inner')])}`,
    true,
  ],
  '200 with an empty body': [sends(http('', plain)), '200 the answer', blank, ''],
  '200 with an empty stream': [sends(http('', { ...stream, ...chunked })), '200 the answer', blank, '', true],
  '200 with nothing but [DONE]': [
    sends(http(streamOf(['[DONE]']), stream)),
    '200 the answer',
    blank,
    streamOf(['[DONE]']),
    true,
  ],
  '204': [sends('HTTP/1.1 204 No Content\r\n\r\n'), '204 the answer', 'upstream_error 204 exact 0 upstream_error', ''],
  '200 with a page of HTML': [
    sends(http('<html>Log in to the hotel</html>', { type: 'text/html' })),
    '200 the answer',
    blank,
    '<html>Log in to the hotel</html>',
  ],
  'no usage': [
    sends(http('{"choices":[{"message":{"content":"hello"}}]}', plain)),
    '200 the answer',
    'ok 200 estimated',
    '{"choices":[{"message":{"content":"hello"}}]}',
  ],
  'no usage in a stream, though asked': [
    sends(http(stream.gets, stream)),
    '200 the answer',
    'ok 200 estimated',
    stream.gets,
    true,
  ],
  'brotli though not asked': [
    sends(http('\u000b\u0001\u0080 as it came', { ...plain, fields: ['Content-Encoding: br'] })),
    '200 the answer',
    'ok 200 held',
    '\u000b\u0001\u0080 as it came',
  ],

  // Replies framed in two ways: nobody can tell where they end.
  'two lengths that differ': [
    sends(http(plain.sends, { ...plain, fields: ['Content-Length: 3'] })),
    ...noReply,
  ],
  'a length and chunks': [
    sends(http(plain.sends, { ...plain, ...chunked, fields: ['Content-Length: 3'] })),
    ...noReply,
  ],
  'chunks that are coded': [
    sends(http(plain.sends, { ...plain, ...chunked, fields: ['Transfer-Encoding: gzip, chunked'] })),
    ...noReply,
  ],
  'a length that is none': [
    sendsAndCloses(http(plain.sends, { ...plain, ...close, fields: ['Content-Length: some'] })),
    ...noReply,
  ],
  'HTTP/2 in words': [sends(http(plain.sends, { ...plain, version: '2.0' })), ...noReply],
  'a head of 100 kB': [sends(http(plain.sends, { ...plain, fields: [`X-Long: ${'x'.repeat(100_000)}`] })), ...noReply],
  'a field over two lines': [
    sends(http(plain.sends, { ...plain, fields: ['X-Old: a\r\n b'] })),
    ...whole,
    plain.gets,
  ],
  'a status nobody knows': [
    sends(http(error('odd'), { ...plain, status: '799 Odd' })),
    '799 the answer',
    'upstream_error 799 exact 0 upstream_799',
    error('odd'),
  ],

  // Usage that can't be is charged as the hold.
  ...Object.fromEntries(
    Object.entries({
      'negative usage': { ...used, prompt_tokens: -7 },
      'usage in words': { ...used, completion_tokens: 'three' },
      'fractional usage': { ...used, completion_tokens: 3.5 },
      'absurd usage': { ...used, completion_tokens: 1e15 },
      'usage that is a list': [used],
    }).map(([fault, usage]) => {
      const text = json({ choices: [{ message: { content: 'hi' } }], usage });
      return [fault, [sends(http(text, plain)), '200 the answer', 'ok 200 held', text]];
    }),
  ),

  // Its own errors. They pass as they are and cost nothing; what concerns our credential does not.
  ...Object.fromEntries(
    [400, 404, 408, 409, 413, 422, 429].map((status) => [
      `${status}`,
      [refuses(status), `${status} the answer`, `client_error ${status} exact 0 upstream_${status}`, error('of_its_own')],
    ]),
  ),
  '429 with Retry-After': [
    sends(http(error('slow_down'), { status: '429 Too Many', type: 'application/json', fields: ['Retry-After: 7'] })),
    '429 the answer',
    'client_error 429 exact 0 upstream_429',
    error('slow_down'),
  ],
  ...Object.fromEntries(
    [500, 502, 503, 504, 529].map((status) => [
      `${status}`,
      [refuses(status), `${status} the answer`, `upstream_error ${status} exact 0 upstream_${status}`, error('of_its_own')],
    ]),
  ),
  '502 with a page of HTML': [
    sendsAndCloses(http('<html>Bad Gateway</html>', { status: '502 Bad', type: 'text/html', ...close })),
    '502 the answer',
    'upstream_error 502 exact 0 upstream_502',
    '<html>Bad Gateway</html>',
  ],
  '500 with gzip': [
    sends(http(zlib.gzipSync(error('packed')), { status: '500 Oops', ...plain, fields: gzip })),
    '500 the answer',
    'upstream_error 500 exact 0 upstream_500',
    error('packed'),
  ],
  '401': [refuses(401), '502 upstream_auth_failed', 'upstream_error 502 exact 0 upstream_auth_failed'],
  '403': [refuses(403), '502 upstream_auth_failed', 'upstream_error 502 exact 0 upstream_auth_failed'],
  '302': [
    sends('HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n'),
    ...noReply,
  ],
};

/// With a second upstream behind it. name → [the first's answer, who serves, attempts, is it a stream]
const fallbacks = {
  'connect refused': ['refused', 'spare', 2],
  'resets without a reply: it may have been billed': [(exchange) => exchange.reset(), '502', 1],
  '408': [refuses(408), 'spare', 2],
  '429': [refuses(429), 'spare', 2],
  '500': [refuses(500), 'spare', 2],
  '502': [refuses(502), 'spare', 2],
  '503': [refuses(503), 'spare', 2],
  '529': [refuses(529), 'spare', 2],
  '400': [refuses(400), '400', 1],
  '404': [refuses(404), '404', 1],
  '200 with an error: it may have been billed': [sends(http(error('inner'), plain)), '200', 1],
  'a stream that breaks off: the client has seen bytes': [
    sendsAndCloses(http(part, { ...stream, ...chunked }).subarray(0, -5)),
    '200',
    1,
    true,
  ],
};

describe('the fault matrix', () => {
  const m = new Matrix();
  before(() => m.start());
  after(() => m.stop());

  describe('a reply that is whole all the same', () => {
    for (const [fault, answer] of Object.entries(harmless)) {
      for (const form of [plain, stream]) {
        it(`${form.isStream ? 'stream' : 'plain'}: ${fault}`, async () => {
          const { client, ledger, reply } = await m.play(answer(form), form);
          assert.deepEqual([client, ledger], whole);
          const coding = reply.headers['content-encoding'];
          assert.ok(coding === undefined || coding === 'identity', coding);
        });
      }
    }
    for (const [fault, form] of Object.entries(streams)) {
      const sizes = { 'large pieces': 4096, ...(form.sends.length < 10_000 ? { 'single bytes': 1 } : {}) };
      for (const [pieces, size] of Object.entries(sizes)) {
        it(`stream: ${fault}, in ${pieces}`, async () => {
          const answer = sends(http(form.sends, { ...form, ...chunked, size }));
          const { client, ledger } = await m.play(answer, form);
          assert.deepEqual([client, ledger], whole);
        });
      }
    }
  });

  describe('a reply that fails', () => {
    for (const [fault, [answer, client, ledger, gets, isStream]] of Object.entries(rows)) {
      it(fault, async () => {
        const got = await m.play(answer, { gets, isStream });
        assert.deepEqual([got.client, got.ledger.slice(0, ledger.length)], [client, ledger]);
      });
    }
  });

  describe('with a second upstream', () => {
    for (const [fault, [answer, served, attempts, isStream]] of Object.entries(fallbacks)) {
      it(fault, async () => {
        const model = await m.add(answer);
        const name = `${model}-spare`;
        const form = isStream ? stream : plain;
        await m.add(sends(http(form.sends, form)), { model, name, priority: -1 });
        const { reply, row } = await m.play(answer, { model, isStream });
        const expected = served === 'spare' ? [200, name, 'ok'] : [Number(served), model, row.status];
        assert.deepEqual([reply.status, row.upstream, row.status], expected, reply.text);
        assert.equal(row.attempts, attempts);
      });
    }
  });

  it('gives every hold back, and the books agree', () => m.nothingIsHeld());
});
