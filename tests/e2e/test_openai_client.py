"""The real `openai` client against the real gateway: answers, streams, models, errors."""

from __future__ import annotations

from collections.abc import Iterator

import openai
import pytest

from e2e.conftest import Running
from lockgate.labels.wire import parse, parse_header

pytestmark = pytest.mark.slow
QUESTION = "Up to what value may I accept gifts from suppliers?"


def client(demo: Running, person: str = "erik", token: str | None = None) -> openai.OpenAI:
    return openai.OpenAI(
        base_url=f"{demo.url}/v1", api_key=demo.token(person) if token is None else token, max_retries=0
    )


@pytest.fixture
def erik(demo: Running) -> Iterator[openai.OpenAI]:
    with client(demo) as made:
        yield made


def ask(made: openai.OpenAI, text: str = QUESTION, model: str = "assistant", **more: object) -> object:
    return made.chat.completions.create(model=model, messages=[{"role": "user", "content": text}], **more)  # type: ignore[call-overload]


def test_an_answer_with_citation_and_label(erik: openai.OpenAI) -> None:
    raw = erik.chat.completions.with_raw_response.create(
        model="assistant", messages=[{"role": "user", "content": QUESTION}]
    )
    answer = raw.parse()
    assert "35 EUR" in (answer.choices[0].message.content or "")
    extension = answer.model_dump()["lockgate"]
    assert [c["item"] for c in extension["citations"]] == ["brightwater/policies/gifts.txt"]
    assert parse_header(raw.headers["lockgate-label"]) == parse(extension["label"])
    assert raw.headers["lockgate-request-id"] == extension["request_id"]


def test_a_stream_is_the_same_answer_and_carries_usage(erik: openai.OpenAI) -> None:
    whole = ask(erik)
    chunks = list(ask(erik, stream=True, stream_options={"include_usage": True}))  # type: ignore[call-overload]
    text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    assert text == whole.choices[0].message.content  # type: ignore[attr-defined]
    assert chunks[-1].usage is not None
    assert [c.choices[0].finish_reason for c in chunks if c.choices][-1] == "stop"
    assert any("lockgate" in c.model_dump() for c in chunks)


def test_history_as_the_client_dumps_it(erik: openai.OpenAI) -> None:
    first = ask(erik)
    message = first.choices[0].message.model_dump()  # type: ignore[attr-defined]
    follow = erik.chat.completions.create(
        model="assistant",
        messages=[
            {"role": "user", "content": QUESTION},
            message,
            {"role": "user", "content": "And who approves more?"},
        ],
    )
    label = parse(follow.model_dump()["lockgate"]["label"])
    assert parse(first.model_dump()["lockgate"]["label"]).fits_under(label)  # type: ignore[attr-defined]


def test_models_are_those_that_the_person_may_use(demo: Running) -> None:
    with client(demo, "erik") as erik, client(demo, "jonas") as jonas:
        mine = {m.id for m in erik.models.list()}
        assert {"assistant", "assistant-small", "cloud-cheap"} <= mine
        assert "assistant-secure" not in mine
        assert "assistant-secure" in {m.id for m in jonas.models.list()}
        assert erik.models.retrieve("assistant").id == "assistant"
        errors = []
        for name in ("assistant-secure", "no-such-model-at-all"):
            with pytest.raises(openai.NotFoundError) as caught:
                erik.models.retrieve(name)
            errors.append(str(caught.value.body).replace(name, "NAME"))
        assert errors[0] == errors[1]


def test_a_model_that_is_not_yours_is_a_model_that_is_not(erik: openai.OpenAI) -> None:
    errors = []
    for name in ("assistant-secure", "no-such-model-at-all"):
        with pytest.raises(openai.NotFoundError) as caught:
            ask(erik, model=name)
        assert caught.value.code == "model_not_found"
        errors.append(str(caught.value.body).replace(name, "NAME"))
    assert errors[0] == errors[1]


@pytest.mark.parametrize(
    ("more", "param"),
    [
        ({"tools": [{"type": "function", "function": {"name": "f"}}]}, "tools"),
        ({"n": 2}, "n"),
        ({"temperature": 9}, "temperature"),
        ({"response_format": {"type": "json_object"}}, "response_format"),
    ],
)
def test_what_is_not_governed_is_refused_by_name(erik: openai.OpenAI, more: dict[str, object], param: str) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        ask(erik, **more)
    assert caught.value.param == param


def test_an_unknown_parameter_is_refused_like_openai_does(erik: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="unrecognized request argument"):
        ask(erik, extra_body={"top_k": 3})


@pytest.mark.parametrize("token", ["", "x", "a.b.c"])
def test_without_a_good_token_there_is_nothing(demo: Running, token: str) -> None:
    with client(demo, token=token or "none") as nobody, pytest.raises(openai.AuthenticationError) as caught:
        ask(nobody)
    assert caught.value.response.headers["www-authenticate"].startswith("Bearer ")


def test_the_generative_model_answers_and_streams(erik: openai.OpenAI) -> None:
    chunks = list(ask(erik, model="assistant-small", stream=True, temperature=0, max_tokens=24))  # type: ignore[call-overload]
    text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    assert text.strip()
    assert chunks[-1].model_dump()["lockgate"]["model"] == "smollm2"
