// A forge for the tests: a real authorization server (oidc-provider) that answers as GitLab, Forgejo or GitHub does.
//
// One JSON object on standard input says how: kind (gitlab, forgejo, github, strict, lax), path (such as /git), redirects,
// accessTtl and refreshTtl in seconds. "strict" revokes the whole grant when a spent refresh token comes again; "lax"
// does not rotate. The first line on standard output is JSON: where it listens.
//
// Below /_test: GET stats, POST reset, POST fault {grant, times, wait_ms, status, headers, body, cut, lose, set, unset},
// POST secret {value}. A fault is used up by `times` token requests.
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import { Provider } from 'oidc-provider';

const options = JSON.parse(await text(process.stdin));
const { kind, path: root = '', redirects, accessTtl = 7200, refreshTtl = 86400 } = options;
const CLIENT = 'strongroom-client';
const paths = kind === 'forgejo' || kind === 'github'
  ? { authorization: '/login/oauth/authorize', token: '/login/oauth/access_token', revocation: '/_none', introspection: '/login/oauth/introspect' }
  : { authorization: '/oauth/authorize', token: '/oauth/token', revocation: '/oauth/revoke', introspection: '/oauth/introspect' };
const SINGLE_USE = ['gitlab', 'forgejo', 'github'].includes(kind);
const ENDS_OLD_ACCESS = kind === 'gitlab' || kind === 'github';

let secret = options.secret;
let faults = [];
let counts;
const forget = () => {
  faults = [];
  secret = options.secret;
  counts = { codes: 0, refreshes: 0, granted: 0, reused: 0, grants_revoked: 0, revocations: 0, at_once: 0, most_at_once: 0, asked: [] };
};
forget();

const newest = new Map(); // grant id -> its newest access token
const common = { redirect_uris: redirects, grant_types: ['authorization_code', 'refresh_token'], response_types: ['code'] };
const server = createServer();
await new Promise((listening) => { server.listen(0, '127.0.0.1', listening); });
const origin = `http://127.0.0.1:${server.address().port}`;
const provider = new Provider(origin + root, {
  clients: [
    { ...common, client_id: CLIENT, client_secret: secret, token_endpoint_auth_method: 'client_secret_post' },
    { ...common, client_id: 'strongroom-public', token_endpoint_auth_method: 'none' },
  ],
  cookies: { keys: ['for tests only'] },
  features: { devInteractions: { enabled: true }, introspection: { enabled: true }, revocation: { enabled: true } },
  findAccount: (_, accountId) => ({ accountId, claims: () => ({ sub: accountId }) }),
  issueRefreshToken: () => true,
  pkce: { required: () => true },
  rotateRefreshToken: kind !== 'lax',
  routes: paths,
  scopes: ['api', 'read_user', 'read_repository', 'write_repository', 'repo', 'read:user', 'write:repository', 'write:issue'],
  ttl: { AccessToken: accessTtl, RefreshToken: refreshTtl, Grant: refreshTtl, AuthorizationCode: 60, Interaction: 600, Session: 3600, IdToken: 600 },
});
const library = provider.callback();
provider.on('grant.success', () => { counts.granted += 1; });
provider.on('grant.revoked', () => { counts.grants_revoked += 1; });
provider.on('grant.error', (_, error) => { if (/already used/.test(error.error_detail ?? '')) counts.reused += 1; });
provider.on('access_token.saved', async (token) => {
  const before = newest.get(token.grantId);
  newest.set(token.grantId, token);
  if (ENDS_OLD_ACCESS && before) await before.destroy();
});

const send = (response, status, body, headers = {}) => {
  const content = typeof body === 'string' ? body : JSON.stringify(body);
  response.writeHead(status, { 'content-type': typeof body === 'string' ? 'text/html' : 'application/json', 'content-length': Buffer.byteLength(content), ...headers });
  response.end(content);
};

// How each forge says what the library says in the words of RFC 6749.
const inItsWords = {
  forgejo(status, body) {
    if (body.error === 'invalid_grant') return [400, { ...body, error: 'unauthorized_client' }];
    if (body.error === 'invalid_client') return [400, body];
    const { scope, ...said } = body;
    return [status, said];
  },
  github(status, body, asked) {
    const words = { invalid_grant: asked.grant_type === 'refresh_token' ? 'bad_refresh_token' : 'bad_verification_code', invalid_client: 'incorrect_client_credentials' };
    if (body.error) return [200, { ...body, error: words[body.error] ?? body.error }];
    return [status, { ...body, scope: (body.scope ?? '').replaceAll(' ', ','), refresh_token_expires_in: 15811200 }];
  },
  gitlab: (status, body) => [status, body.error ? body : { ...body, token_type: 'Bearer', created_at: Math.floor(Date.now() / 1000) - 3600 }],
};

async function tokenRequest(request, response) {
  const asked = Object.fromEntries(new URLSearchParams(await text(request)));
  request.body = asked;
  counts.at_once += 1;
  counts.most_at_once = Math.max(counts.most_at_once, counts.at_once);
  response.on('close', () => { counts.at_once -= 1; });
  counts[asked.grant_type === 'refresh_token' ? 'refreshes' : 'codes'] += 1;
  const fault = faults.find((each) => each.times > 0 && (each.grant ?? asked.grant_type) === asked.grant_type) ?? {};
  if (fault.times) fault.times -= 1;
  if (fault.wait_ms) await pause(fault.wait_ms);
  if (fault.close) return request.socket.destroy();
  if (fault.status) return send(response, fault.status, fault.body ?? '<html>not now</html>', fault.headers);
  const reply = (status, body) => {
    const [itsStatus, itsBody] = (inItsWords[kind] ?? ((...said) => said))(status, body, asked);
    if (fault.lose) return request.socket.destroy(); // done, and nobody learns of it
    if (fault.cut) return send(response, itsStatus, JSON.stringify(itsBody).slice(0, 9), { 'content-type': 'application/json' });
    const said = { ...itsBody, ...fault.set };
    for (const name of fault.unset ?? []) delete said[name];
    if (kind === 'github' && !/json/.test(request.headers.accept ?? '')) return send(response, itsStatus, new URLSearchParams(said).toString(), { 'content-type': 'application/x-www-form-urlencoded' });
    return send(response, itsStatus, said);
  };
  if (asked.client_id === CLIENT && asked.client_secret !== secret) return reply(401, { error: 'invalid_client' });
  if (asked.client_id === CLIENT) asked.client_secret = options.secret;
  if (SINGLE_USE && asked.grant_type === 'refresh_token') {
    const shown = await provider.RefreshToken.find(asked.refresh_token, { ignoreExpiration: true });
    if (shown?.consumed) { // refused without revoking what is good
      counts.reused += 1;
      return reply(400, { error: 'invalid_grant', error_description: 'token was already used' });
    }
  }
  const end = response.end.bind(response);
  response.end = (content) => {
    response.end = end;
    response.removeHeader('content-length');
    return reply(response.statusCode, JSON.parse(content.toString()));
  };
  return library(request, response);
}

async function user(request, response) {
  const token = await provider.AccessToken.find((request.headers.authorization ?? '').replace(/^\S+ /, ''));
  if (!token?.isValid) return send(response, 401, { error: 'invalid_token' });
  return send(response, 200, { id: 1, username: token.accountId, login: token.accountId });
}

async function githubRevocation(request, response) {
  const [id, shown] = Buffer.from((request.headers.authorization ?? '').replace(/^Basic /, ''), 'base64').toString().split(':');
  counts.revocations += 1;
  if (id !== CLIENT || shown !== secret) return send(response, 401, { message: 'Bad credentials' });
  const token = await provider.AccessToken.find(JSON.parse(await text(request)).access_token);
  if (!token) return send(response, 404, { message: 'Not Found' });
  await provider.Grant.adapter.destroy(token.grantId);
  await provider.AccessToken.revokeByGrantId(token.grantId);
  await provider.RefreshToken.revokeByGrantId(token.grantId);
  response.writeHead(204).end();
}

async function control(request, response, name) {
  if (name === 'stats') return send(response, 200, counts);
  const said = JSON.parse((await text(request)) || '{}');
  if (name === 'reset') forget();
  if (name === 'fault') faults.push({ times: 1, ...said });
  if (name === 'secret') secret = said.value;
  return send(response, 200, {});
}

server.on('request', async (request, response) => {
  const { pathname } = new URL(request.url, origin);
  if (pathname.startsWith('/_test/')) return control(request, response, pathname.slice(7));
  if (!pathname.startsWith(root)) return send(response, 404, {});
  const path = pathname.slice(root.length);
  counts.asked.push(`${request.method} ${path.startsWith('/interaction') ? '/interaction' : path}`);
  if (['/api/v4/user', '/api/v3/user', '/api/v1/user', '/oauth/token/info'].includes(path)) return user(request, response);
  if (kind === 'github' && request.method === 'DELETE') return githubRevocation(request, response);
  if (path === paths.revocation) counts.revocations += 1;
  request.originalUrl = request.url;
  request.url = request.url.slice(root.length) || '/';
  if (path === paths.token && request.method === 'POST') return tokenRequest(request, response);
  return library(request, response);
});

console.log(JSON.stringify({ url: origin + root, control: `${origin}/_test` }));
const parent = process.ppid;
setInterval(() => { if (process.ppid !== parent) process.exit(); }, 500);
