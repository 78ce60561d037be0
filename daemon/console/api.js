// The management API, asked with the session that the one-time link has bought. The session lives in
// sessionStorage: it ends with the tab, and no other port of this machine gets to see it.
const kSession = 'nufi-session';

export class ApiError extends Error {
  constructor(status, { message, hint } = {}) {
    super(message || `nufid answered ${status}`);
    this.status = status;
    this.hint = hint || '';
  }
}

export const hasSession = () => sessionStorage.getItem(kSession) !== null;
export const forgetSession = () => sessionStorage.removeItem(kSession);

async function send(method, path, body, headers) {
  let reply;
  try {
    reply = await fetch(path, {
      method,
      cache: 'no-store',
      credentials: 'omit',
      headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch {
    throw new ApiError(0, { message: 'nufid does not answer', hint: 'is it running? nufi status' });
  }
  const text = await reply.text();
  let json = {};
  try {
    json = text ? JSON.parse(text) : {};
  } catch {
    throw new ApiError(reply.status, { message: 'nufid sent something that is no JSON' });
  }
  if (!reply.ok) throw new ApiError(reply.status, json.error);
  return json;
}

/// Asks as the person who is signed in. A session that has ended signs out.
export async function ask(method, path, body) {
  try {
    return await send(method, path, body, { 'x-nufi-session': sessionStorage.getItem(kSession) ?? '' });
  } catch (error) {
    if (error.status === 401) {
      forgetSession();
      document.dispatchEvent(new CustomEvent('signed-out', { detail: error }));
    }
    throw error;
  }
}

export const get = (path) => ask('GET', path);

/// `/v1/usage` and { days: 7 } → `/v1/usage?days=7`; what is empty is left out.
export function withQuery(path, query) {
  const text = new URLSearchParams(
    Object.entries(query).filter(([, value]) => value !== undefined && value !== ''),
  ).toString();
  return text ? `${path}?${text}` : path;
}

export async function signIn(code) {
  const { session } = await send('POST', '/v1/console/session', { code });
  sessionStorage.setItem(kSession, session);
}

export async function signOut() {
  await ask('DELETE', '/v1/console/session').catch(() => {});
  forgetSession();
}
