"""Where no route fits: an OpenAI client reads the refusal in its own shape, anybody else in RFC 9457's."""

from __future__ import annotations

import pytest

from attacks.http import send
from lockgate.edge.app import application
from serving import free_socket, serving

OPENAI = (
    "/v1/embeddings/more",
    "/v1/responses",
    "/v1/responses/resp_1/input_items",
    "/v1/completions",
    "/v1/files",
    "/v1/files/file-1/content",
    "/v1/audio/speech",
    "/v1/images/generations",
    "/v1/moderations",
    "/v1/chat",
    "/v1/models/a/b",
)
ANTHROPIC = ("/v1/messages/count_tokens", "/v1/messages/batches", "/v1/complete", "/v1/skills")
OTHERS = ("/", "/v1", "/v1/", "/v1/nothing", "/v1/filesystem", "/v2/embeddings", "/embeddings", "/v1/retrieve/x")


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_the_shape_is_that_of_the_routes_family(method: str) -> None:
    with free_socket() as (sock, url), serving(application([]), sock):
        for path in OPENAI:
            reply = send(url, method, path)
            assert (reply.status, reply.headers["content-type"]) == (404, "application/json")
            error = reply.json["error"]
            assert set(error) == {"message", "type", "param", "code"}
            assert error["code"] == "unknown_route"
            assert "/v1/chat/completions" in error["message"]
        for path in ANTHROPIC:
            reply = send(url, method, path)
            assert (reply.status, reply.json["type"], reply.json["error"]["type"]) == (
                404,
                "error",
                "not_found_error",
            )
            assert "/v1/messages" in reply.json["error"]["message"]
        for path in OTHERS:
            reply = send(url, method, path)
            assert (reply.status, reply.headers["content-type"]) == (404, "application/problem+json"), path
            assert reply.json["code"] == "unknown_route"


def test_an_address_with_v1_too_many_says_so() -> None:
    with free_socket() as (sock, url), serving(application([]), sock):
        assert "/v1" in send(url, "POST", "/v1/v1/messages").json["remedy"]
        assert send(url, "POST", "/v1/nothing").json["remedy"] == ""
