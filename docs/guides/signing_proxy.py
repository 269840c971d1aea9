"""Between Open WebUI and Lockgate: checks who Open WebUI says is asking, and signs it for Lockgate.

From the environment: LOCKGATE_URL; APPLICATION, the id under which it is registered there; SIGNING_KEY, a PEM file;
WEBUI_SECRET, a file that holds FORWARD_USER_INFO_HEADER_JWT_SECRET; PEOPLE, a JSON file that gives the id in Lockgate's
directory for each mail address. Run: uvicorn signing_proxy:app --host 127.0.0.1 --port 8421
"""

import json
import os
import secrets
import time
from pathlib import Path

import aiohttp
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OctKey
from starlette.applications import Starlette
from starlette.responses import JSONResponse, StreamingResponse
from starlette.routing import Route

URL = os.environ["LOCKGATE_URL"].rstrip("/")
APPLICATION = os.environ.get("APPLICATION", "open-webui")
KEY = ECKey.import_key(Path(os.environ["SIGNING_KEY"]).read_bytes())
SECRET = OctKey.import_key(Path(os.environ["WEBUI_SECRET"]).read_bytes().strip())
PEOPLE = json.loads(Path(os.environ["PEOPLE"]).read_text())
WANTED = jwt.JWTClaimsRegistry(iss={"essential": True, "value": "open-webui"}, exp={"essential": True}, leeway=5)


def assertion(header: str) -> str:
    """Return the assertion for the person whom Open WebUI has signed."""
    told = jwt.decode(header, SECRET, algorithms=["HS256"]).claims
    WANTED.validate(told)
    now = int(time.time())
    about = {"iss": APPLICATION, "aud": URL, "sub": PEOPLE[told["email"]], "jti": secrets.token_urlsafe(16)}
    return jwt.encode({"alg": "ES256", "typ": "lockgate-user+jwt"}, about | {"iat": now, "exp": now + 30}, KEY)


async def forward(request):
    headers = {
        name: request.headers[name] for name in ("authorization", "content-type") if name in request.headers
    }
    try:
        if "x-openwebui-user-jwt" in request.headers:  # without one Lockgate gives the front end nothing
            headers["Lockgate-User-Assertion"] = assertion(request.headers["x-openwebui-user-jwt"])
    except (JoseError, KeyError, ValueError):
        return JSONResponse({"error": {"message": "Open WebUI did not say who asks, or PEOPLE lacks them"}}, 401)
    session = aiohttp.ClientSession(auto_decompress=False)
    try:
        reply = await session.request(
            request.method, URL + request.url.path, data=await request.body(), headers=headers
        )
    except aiohttp.ClientError:
        await session.close()
        return JSONResponse({"error": {"message": "Lockgate does not answer"}}, 502)

    async def pieces():
        async with session, reply:
            async for piece in reply.content.iter_any():
                yield piece

    return StreamingResponse(pieces(), reply.status, media_type=reply.headers.get("content-type"))


app = Starlette(routes=[Route("/v1/{rest:path}", forward, methods=["GET", "POST"])])
