// Clients as they are: they try again, hang up before and during the answer, and share keys.
import { Connection, requestBytes } from './client.mjs';
import { patience } from './daemon.mjs';
import { sleep, until } from './wait.mjs';
import { parseHead } from './wire.mjs';

/// `count` calls of every kind, the same for the same `next` (a random generator); see Biller.
export function mixedScript(count, next, { models = ['small', 'large', 'thinker'], tag }) {
  const pick = (list) => list[Math.floor(next() * list.length)];
  const troubles = ['error', 'leave', 'break', 'hang', 'error', 'leave', 'reset'];
  return Array.from({ length: count }, (_, i) => {
    const metadata = { plan: 'serve', share: next().toFixed(2) };
    // Each kind of trouble is among the first calls, which are sure to be admitted.
    if (i % 3 === 1) metadata.plan = troubles[Math.floor(i / 3) % troubles.length];
    if (metadata.plan === 'error') metadata.status = pick(['500', '429']);
    if (metadata.plan === 'leave') metadata.words = String(1 + Math.floor(next() * 5));
    return {
      model: pick(models),
      messages: [{ role: 'user', content: 'tell me '.repeat(5 + Math.floor(next() * 60)) }],
      stream: next() < 0.5,
      user: `${tag}-${String(i).padStart(4, '0')}`,
      metadata,
      ...(next() < 0.15 ? {} : { max_tokens: 20 + Math.floor(next() * 200) }),
      ...(next() < 0.15 ? { n: 2 } : {}),
    };
  });
}

const isRefusal = (reply) => reply.status === 429 && /insufficient_quota/.test(reply.text);

/// Makes one call as `body` wants it, again after a passing failure (with another user agent).
/// 'served', 'refused', 'revoked', 'failed' or 'left', and `reply` if there is one.
export async function play(port, key, body, biller) {
  const end = performance.now() + 30_000 * patience;
  for (let attempt = 1; performance.now() < end; attempt++) {
    const agent = `${body.user}/${attempt}`;
    const connection = await Connection.open(port);
    try {
      connection.write(
        requestBytes({ key, body: JSON.stringify(body), headers: { 'User-Agent': agent } }),
      );
      const status = () => Number(parseHead(connection.bytes)?.first.split(' ')[1] ?? 0);
      const { plan, words, stay } = body.metadata;
      if ((plan === 'hang' || plan === 'leave') && !stay) {
        const last = `w${Number(words ?? 3) - 1} `;
        const isThere = () =>
          biller.waiting.has(agent) || (status() === 200 && connection.bodySoFar().includes(last));
        await until(
          () => isThere() || status() >= 400 || connection.ended,
          30_000 * patience,
          `${agent} to be answered or left alone`,
        );
        if (isThere()) return { how: 'left', agent };
      }
      const reply = await connection.reply({ ms: 30_000 * patience });
      if (!reply) return { how: 'failed', agent };
      if (isRefusal(reply)) return { how: 'refused', agent, reply };
      if (reply.status === 401) return { how: 'revoked', agent, reply };
      if (reply.status === 200) return { how: 'served', agent, reply };
      if (reply.status === 502) return { how: 'failed', agent, reply };
      await sleep(20);
    } finally {
      connection.close();
    }
  }
  throw new Error(`${body.user} came to no end`);
}
