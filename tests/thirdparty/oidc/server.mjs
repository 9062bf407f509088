// An unmodified oidc-provider with a given token lifetime (seconds), and a listing that requires one of its tokens.
// It prints its port; /report returns when tokens were issued and the statuses of the listing's responses.
import { Provider } from 'oidc-provider';

const [lifetime, pause] = process.argv.slice(2).map(Number);
const clients = JSON.parse(process.env.CLIENTS);
const issued = [], statuses = {};

const provider = new Provider('http://127.0.0.1', {
  clients,
  clientAuthMethods: ['client_secret_basic', 'client_secret_post', 'private_key_jwt'],
  enabledJWA: { clientAuthSigningAlgValues: ['ES256', 'Ed25519', 'EdDSA'] },
  features: { clientCredentials: { enabled: true }, devInteractions: { enabled: false } },
  scopes: ['parcels'],
  ttl: { ClientCredentials: lifetime },
});
provider.on('grant.success', () => issued.push(Date.now() / 1000));

provider.use(async (ctx, next) => {
  if (ctx.path === '/report') {
    ctx.body = { issued, statuses };
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
process.stdin.on('end', () => process.exit(0)).resume(); // it ends with the process that started it
