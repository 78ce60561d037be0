// What a client sends and gets beneath its own wrapping.

/// `fetch` that keeps count: pass `.fetch` to a client, read `.attempts` (calls begun) and `.replies`;
/// `.onReply` may do something between a reply and what the client makes of it.
export function watchedFetch() {
  const watched = { attempts: 0, replies: [] };
  watched.fetch = async (...args) => {
    watched.attempts++;
    const reply = await fetch(...args);
    watched.replies.push(reply);
    await watched.onReply?.(reply);
    return reply;
  };
  return watched;
}
