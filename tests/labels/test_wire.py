"""Labels on the wire: parse(print(x)) == x, and everything else is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labels.strategies import labels
from lockgate.errors import Invalid
from lockgate.labels import PUBLIC, Label
from lockgate.labels.wire import Taxonomy, header, parse, parse_header, render

GERMAN = Taxonomy(("öffentlich", "intern", "vertraulich", "streng vertraulich"))


@given(labels, st.sampled_from([Taxonomy(), GERMAN]))
def test_round_trip(label: Label, taxonomy: Taxonomy) -> None:
    assert parse(json.loads(json.dumps(render(label, taxonomy))), taxonomy) == label
    value = header(label, taxonomy)
    assert value.isascii()
    assert "\n" not in value
    assert parse_header(value, taxonomy) == label


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda x: st.lists(x) | st.dictionaries(st.text(), x),
    )
)
def test_any_json_is_a_label_or_refused(value: Any) -> None:
    with pytest.raises(Invalid):
        parse(value)


@given(
    st.sampled_from(sorted(render(PUBLIC))),
    st.none() | st.integers() | st.text() | st.lists(st.integers(), min_size=1),
)
def test_a_damaged_label_is_refused(field: str, value: Any) -> None:
    with pytest.raises(Invalid):
        parse({**render(PUBLIC), field: value})


@pytest.mark.parametrize("field", sorted(render(PUBLIC)))
def test_a_label_with_a_field_missing_is_refused(field: str) -> None:
    body = render(PUBLIC)
    del body[field]
    with pytest.raises(Invalid):
        parse(body)


def test_an_unknown_field_is_refused() -> None:
    with pytest.raises(Invalid):
        parse({**render(PUBLIC), "extra": 1})


@given(st.text(max_size=80))
def test_any_header_is_a_label_or_refused(text: str) -> None:
    for value in (text, f"public; v=1; l={text}"):
        with pytest.raises(Invalid):
            parse_header(value)


def test_a_header_whose_readable_part_lies_is_refused() -> None:
    with pytest.raises(Invalid):
        parse_header(header(Label()).replace("restricted", "public", 1))


@pytest.mark.parametrize("names", [("a", "b", "c", "c"), ("a", "b", "c", " ")])
def test_a_taxonomy_needs_four_names(names: Any) -> None:
    with pytest.raises(Invalid):
        Taxonomy(names)
