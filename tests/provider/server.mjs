// A real OpenID provider for the tests: JWT access tokens through resource indicators, the device flow with the
// provider's own development screens (any password will do), client credentials, refresh tokens, a groups claim,
// and token exchange (RFC 8693) for agents: the provider has none of its own, so it is a custom grant here.
//
// Prints one JSON line when it listens. Each line "rotate" on stdin replaces the signing key and is answered by
// "rotated"; the end of stdin ends the server.
import { generateKeyPairSync, randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import { createLocalJWKSet, jwtVerify } from "jose";
import Provider, { errors } from "oidc-provider";

const groups = { ann: ["hr", "works council"], bea: ["sales"] };

const EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token";
const acting = new WeakMap(); // access token -> its `act`

const agent = (client_id) => ({
  client_id,
  client_secret: `the-secret-of-${client_id}`,
  token_endpoint_auth_method: "client_secret_post",
  grant_types: ["client_credentials", EXCHANGE],
  response_types: [],
  redirect_uris: [],
  id_token_signed_response_alg: "ES256",
});

// RFC 8693 section 2.1: the subject's token and the actor's own, both ours; the actor is the client that asks. What
// comes out is for the subject, by the actor; actors that the subject's token already names move inside.
const exchange = (jwks) => async (ctx) => {
  const { params, client, provider } = ctx.oidc;
  const read = async (token, type) => {
    if (type !== ACCESS_TOKEN) throw new errors.InvalidRequest("only access tokens are exchanged");
    try {
      const options = { issuer: provider.issuer, audience: params.resource, typ: "at+jwt" };
      return (await jwtVerify(token, createLocalJWKSet(jwks), options)).payload;
    } catch {
      throw new errors.InvalidGrant("the token is not one of ours");
    }
  };
  const subject = await read(params.subject_token, params.subject_token_type);
  const actor = await read(params.actor_token, params.actor_token_type);
  if (actor.sub !== client.clientId) throw new errors.InvalidGrant("the actor's token is another client's");
  const token = new provider.AccessToken({ accountId: subject.sub, client, gty: EXCHANGE, scope: subject.scope });
  token.resourceServer = new provider.ResourceServer(params.resource, resource(params.resource));
  acting.set(token, { sub: actor.sub, ...(subject.act && { act: subject.act }) });
  ctx.body = {
    access_token: await token.save(),
    issued_token_type: ACCESS_TOKEN,
    token_type: "Bearer",
    expires_in: token.expiration,
  };
};

const resource = (audience) => ({
  audience,
  scope: "lockgate",
  accessTokenFormat: "jwt",
  jwt: { sign: { alg: "ES256" } },
});

function key() {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return { ...privateKey.export({ format: "jwk" }), kid: randomUUID(), use: "sig", alg: "ES256" };
}

const configuration = (jwks) => ({
  jwks,
  cookies: { keys: [randomUUID()] },
  clients: [
    agent("travel-agent"),
    agent("mailer"),
    {
      client_id: "lockgate-cli",
      token_endpoint_auth_method: "none",
      grant_types: ["urn:ietf:params:oauth:grant-type:device_code", "refresh_token"],
      response_types: [],
      redirect_uris: [],
      id_token_signed_response_alg: "ES256",
    },
    {
      client_id: "ann",
      client_secret: "of-a-client-that-took-the-name-of-a-person",
      token_endpoint_auth_method: "client_secret_post",
      grant_types: ["client_credentials"],
      response_types: [],
      redirect_uris: [],
      id_token_signed_response_alg: "ES256",
    },
  ],
  findAccount: (ctx, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
  extraTokenClaims: (ctx, token) => ({
    groups: (token.accountId && groups[token.accountId]) ?? [],
    ...(acting.has(token) && { act: acting.get(token) }),
  }),
  // Just under the minute that `lockgate token` keeps in reserve: every call for this resource renews.
  ttl: {
    AccessToken: (ctx, token) => (token.aud?.endsWith("/short") ? 50 : 600),
    ClientCredentials: 600,
    DeviceCode: 120,
    Grant: 3600,
    IdToken: 600,
    Interaction: 600,
    RefreshToken: 3600,
    Session: 600,
  },
  features: {
    deviceFlow: { enabled: true },
    clientCredentials: { enabled: true },
    revocation: { enabled: true },
    resourceIndicators: {
      enabled: true,
      useGrantedResource: () => true,
      getResourceServerInfo: (ctx, audience) => resource(audience),
    },
  },
});

const server = createServer((request, response) => provider.callback()(request, response));
let provider;

function start(issuer) {
  const jwks = { keys: [key()] };
  provider = new Provider(issuer, configuration(jwks));
  const both = ["subject_token", "subject_token_type", "actor_token", "actor_token_type"];
  const published = { keys: jwks.keys.map(({ d, ...shown }) => shown) };
  provider.registerGrantType(EXCHANGE, exchange(published), [...both, "resource"]);
}

server.listen(0, "127.0.0.1", () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  start(issuer);
  console.log(JSON.stringify({ issuer }));
  createInterface({ input: process.stdin })
    .on("line", (line) => {
      if (line !== "rotate") return;
      start(issuer);
      console.log("rotated");
    })
    .on("close", () => process.exit(0));
});
