"""The real `openai` client against the doors that are newer or older than chat: Responses and completions."""

from __future__ import annotations

from collections.abc import Iterator

import openai
import pytest

from e2e.conftest import Running
from e2e.test_openai_client import QUESTION, client
from lockgate.content.extractive import NOTHING_FOUND
from lockgate.labels.wire import parse, parse_header

pytestmark = pytest.mark.slow


@pytest.fixture
def erik(demo: Running) -> Iterator[openai.OpenAI]:
    with client(demo) as made:
        yield made


def test_a_response_with_citation_and_label(erik: openai.OpenAI) -> None:
    raw = erik.responses.with_raw_response.create(model="assistant", input=QUESTION, store=False, temperature=0)
    answer = raw.parse()
    assert "35 EUR" in answer.output_text
    assert (answer.status, answer.model, answer.temperature) == ("completed", "assistant", 0)
    assert answer.model_dump()["store"] is False
    extension = answer.model_dump()["lockgate"]
    assert [c["item"] for c in extension["citations"]] == ["brightwater/policies/gifts.txt"]
    assert parse_header(raw.headers["lockgate-label"]) == parse(extension["label"])
    assert answer.id == f"resp_{raw.headers['lockgate-request-id']}"
    assert answer.usage is not None


def test_a_streamed_response_is_the_same(erik: openai.OpenAI) -> None:
    whole = erik.responses.create(model="assistant", input=QUESTION)
    kinds, text = [], ""
    for event in erik.responses.create(model="assistant", input=QUESTION, stream=True):
        kinds.append(event.type)
        if event.type == "response.output_text.delta":
            text += event.delta
        if event.type == "response.completed":
            assert event.response.output_text == text == whole.output_text
            assert (
                event.response.model_dump()["lockgate"]["citations"] == whole.model_dump()["lockgate"]["citations"]
            )
    assert kinds[:2] == ["response.created", "response.in_progress"]
    assert kinds[-1] == "response.completed"


def test_the_clients_own_accumulator(erik: openai.OpenAI) -> None:
    with erik.responses.stream(model="assistant", input=QUESTION, instructions="Be brief.") as stream:
        seen = "".join(event.delta for event in stream if event.type == "response.output_text.delta")
        final = stream.get_final_response()
    assert final.output_text == seen
    assert "35 EUR" in seen
    assert final.model_dump()["lockgate"]["citations"]


def test_a_conversation_as_the_client_dumps_it(erik: openai.OpenAI) -> None:
    first = erik.responses.create(model="assistant", input=[{"role": "user", "content": QUESTION}])
    items = [item.model_dump() for item in first.output]
    follow = erik.responses.create(
        model="assistant",
        input=[
            {"role": "user", "content": QUESTION},
            *items,
            {"role": "user", "content": "And who approves more?"},
        ],  # type: ignore[list-item]
    )
    label = parse(follow.model_dump()["lockgate"]["label"])
    assert parse(first.model_dump()["lockgate"]["label"]).fits_under(label)


def test_a_conversation_that_would_be_stored_is_refused(erik: openai.OpenAI) -> None:
    first = erik.responses.create(model="assistant", input=QUESTION)
    for more in ({"previous_response_id": first.id}, {"store": True}, {"background": True}):
        with pytest.raises(openai.BadRequestError) as caught:
            erik.responses.create(model="assistant", input=QUESTION, **more)  # type: ignore[call-overload]
        assert caught.value.param == next(iter(more))
    for asked in (lambda: erik.responses.retrieve(first.id), lambda: erik.responses.delete(first.id)):
        with pytest.raises(openai.NotFoundError, match="/v1/responses"):
            asked()


def test_a_response_that_is_cut_short_says_why(erik: openai.OpenAI) -> None:
    answer = erik.responses.create(model="assistant-small", input="Tell me a story.", max_output_tokens=4)
    assert (answer.status, answer.incomplete_details and answer.incomplete_details.reason) == (
        "incomplete",
        "max_output_tokens",
    )


def test_a_completion_plain_and_streamed(erik: openai.OpenAI) -> None:
    whole = erik.completions.create(model="assistant", prompt=QUESTION)
    assert "35 EUR" in whole.choices[0].text
    assert whole.choices[0].finish_reason == "stop"
    assert whole.model_dump()["lockgate"]["citations"]
    chunks = list(
        erik.completions.create(
            model="assistant", prompt=[QUESTION], stream=True, stream_options={"include_usage": True}
        )
    )
    assert "".join(c.choices[0].text for c in chunks if c.choices) == whole.choices[0].text
    assert chunks[-1].usage == whole.usage
    assert chunks[-2].model_dump()["lockgate"]["citations"] == whole.model_dump()["lockgate"]["citations"]


@pytest.mark.parametrize(
    ("more", "param"),
    [
        ({"prompt": "x", "echo": True}, "echo"),
        ({"prompt": "x", "logprobs": 0}, "logprobs"),
        ({"prompt": "x", "suffix": "y"}, "suffix"),
        ({"prompt": "x", "best_of": 2}, "best_of"),
        ({"prompt": ["x", "y"]}, "prompt"),
        ({"prompt": [1, 2, 3]}, "prompt"),
    ],
)
def test_what_completions_cannot_do_is_refused_by_name(
    erik: openai.OpenAI, more: dict[str, object], param: str
) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        erik.completions.create(model="assistant", **more)  # type: ignore[call-overload]
    assert caught.value.param == param


def test_nothing_found_is_said_the_same_way(erik: openai.OpenAI) -> None:
    question = "What is the airspeed of an unladen swallow?"
    response = erik.responses.create(model="assistant", input=question)
    completion = erik.completions.create(model="assistant", prompt=question)
    assert response.output_text == completion.choices[0].text == NOTHING_FOUND
    assert response.model_dump()["lockgate"]["abstained"] is True


def test_errors_are_the_clients_own_types(demo: Running) -> None:
    with client(demo, token="a.b.c") as nobody, pytest.raises(openai.AuthenticationError):
        nobody.responses.create(model="assistant", input=QUESTION)
    with client(demo) as erik, pytest.raises(openai.NotFoundError) as caught:
        erik.completions.create(model="assistant-secure", prompt=QUESTION)
    assert caught.value.code == "model_not_found"
