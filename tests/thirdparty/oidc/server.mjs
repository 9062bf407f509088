// An unmodified oidc-provider whose tokens live as long as it is told, and a listing that wants one of them.
// It says on standard output which port it has; /told tells when tokens were given and what the listing answered.
import { Provider } from 'oidc-provider';

const [lifetime, pause] = process.argv.slice(2).map(Number);
const clients = JSON.parse(process.env.CLIENTS);
const given = [], statuses = {};

const provider = new Provider('http://127.0.0.1', {
  clients,
  clientAuthMethods: ['client_secret_basic', 'client_secret_post', 'private_key_jwt'],
  enabledJWA: { clientAuthSigningAlgValues: ['ES256', 'Ed25519', 'EdDSA'] },
  features: { clientCredentials: { enabled: true }, devInteractions: { enabled: false } },
  scopes: ['parcels'],
  ttl: { ClientCredentials: lifetime },
});
provider.on('grant.success', () => given.push(Date.now() / 1000));

provider.use(async (ctx, next) => {
  if (ctx.path === '/told') {
    ctx.body = { given, statuses };
  } else if (ctx.path === '/parcels') {
    const value = (ctx.get('authorization').match(/^Bearer (.+)$/) ?? [])[1];
    const token = value && await provider.ClientCredentials.find(value);
    ctx.status = token?.isValid ? 200 : 401;
    await new Promise(done => setTimeout(done, pause));
    ctx.body = { page: ctx.query.page };
    statuses[ctx.status] = (statuses[ctx.status] ?? 0) + 1;
  } else {
    await next();
  }
});

const server = provider.listen(0, '127.0.0.1', () => console.log(server.address().port));
process.stdin.on('end', () => process.exit(0)).resume(); // it ends with whoever started it
