// A real OpenID provider for the tests: JWT access tokens through resource indicators, the device flow with the
// provider's own development screens (any password will do), client credentials, refresh tokens, a groups claim.
//
// Prints one JSON line when it listens. Each line "rotate" on stdin replaces the signing key and is answered by
// "rotated"; the end of stdin ends the server.
import { generateKeyPairSync, randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import Provider from "oidc-provider";

const groups = { ann: ["hr", "works council"], bea: ["sales"] };

function key() {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return { ...privateKey.export({ format: "jwk" }), kid: randomUUID(), use: "sig", alg: "ES256" };
}

const configuration = () => ({
  jwks: { keys: [key()] },
  cookies: { keys: [randomUUID()] },
  clients: [
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
  extraTokenClaims: (ctx, token) => (token.accountId ? { groups: groups[token.accountId] ?? [] } : { groups: [] }),
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
      getResourceServerInfo: (ctx, resource) => ({
        audience: resource,
        scope: "lockgate",
        accessTokenFormat: "jwt",
        jwt: { sign: { alg: "ES256" } },
      }),
    },
  },
});

const server = createServer((request, response) => provider.callback()(request, response));
let provider;
server.listen(0, "127.0.0.1", () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  provider = new Provider(issuer, configuration());
  console.log(JSON.stringify({ issuer }));
  createInterface({ input: process.stdin })
    .on("line", (line) => {
      if (line !== "rotate") return;
      provider = new Provider(issuer, configuration());
      console.log("rotated");
    })
    .on("close", () => process.exit(0));
});
