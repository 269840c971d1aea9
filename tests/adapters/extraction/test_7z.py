"""7z archives: what is in them is read, and what is made to harm is not unpacked."""

from __future__ import annotations

import lzma
import random
import time

import pytest

from adapters.extraction.archives_7z import ARCHIVES, number, whole
from lockgate.adapters.extraction.formats import read
from lockgate.adapters.extraction.texts import Unreadable

READ = ("lzma2", "lzma", "lzma2+bcj", "lzma+bcj", "copy", "deflate", "bzip2", "delta")


@pytest.mark.parametrize("codec", READ)
def test_every_codec_of_the_standard_library(codec: str) -> None:
    found = read("a.7z", ARCHIVES[codec])
    assert {member.path for member in found.members} == {"dir/a.txt", "dir/b.txt", "dir/empty.txt", "dir/link"}
    assert "card 4111 1111 1111 1111" in found.text
    assert "second text" in found.text
    assert "passwd" not in found.text
    assert found.unread == ("!/dir/link: it is a link, which is not followed",)


@pytest.mark.parametrize(("codec", "why"), [("zstd", "unknown"), ("ppmd", "unknown"), ("encrypted", "encrypted")])
def test_what_cannot_be_unpacked_is_told_file_by_file(codec: str, why: str) -> None:
    found = read("a.7z", ARCHIVES[codec])
    problems = {member.path: member.problem for member in found.members}
    assert why in problems["dir/a.txt"]
    assert not problems["dir/empty.txt"]


def test_names_that_are_encrypted_too() -> None:
    with pytest.raises(Unreadable, match="encrypted"):
        read("a.7z", ARCHIVES["hidden"])


def archive(packed: bytes, coder: bytes, sizes: list[int], names: list[str], counts: int = 1) -> bytes:
    """Return an archive of one folder with one codec, and a directory in clear."""
    streams = b"\x06" + number(0) + number(1) + b"\x09" + number(len(packed)) + b"\0"
    streams += b"\x07\x0b" + number(1) + b"\0" + coder + b"\x0c" + number(sum(sizes)) + b"\0"
    streams += b"\x08\x0d" + number(counts) + b"\x09" + b"".join(map(number, sizes[:-1])) + b"\0\0"
    said = b"\0" + "".join(f"{name}\0" for name in names).encode("utf-16-le")
    head = b"\x01\x04" + streams + b"\x05" + number(len(names)) + b"\x11" + number(len(said)) + said + b"\0\0"
    return whole(packed, head)


COPY = number(1) + b"\x01\x00"
LZMA2 = number(1) + b"\x21\x21" + number(1) + b"\x28"


def lzma2(data: bytes) -> bytes:
    return lzma.compress(data, lzma.FORMAT_RAW, filters=[{"id": lzma.FILTER_LZMA2, "dict_size": 1 << 20}])


def test_names_are_text_and_no_places() -> None:
    names = ["../../etc/passwd", "/srv/x.txt", "C:\\x.txt", "a\nb.txt", ""]
    found = read("a.7z", archive(b"12345", COPY, [1] * 5, names, 5))
    assert [member.path for member in found.members] == [
        "../../etc/passwd",
        "/srv/x.txt",
        "C:\\x.txt",
        "a b.txt",
        "",
    ]
    assert "1" in found.text


def test_a_bomb_is_not_unpacked() -> None:
    size = 60_000_000
    bomb = archive(lzma2(bytes(size)), LZMA2, [size], ["bomb.txt"])
    start = time.process_time()
    with pytest.raises(Unreadable, match="more than is allowed"):
        read("a.7z", bomb)
    assert time.process_time() - start < 2


@pytest.mark.parametrize(
    "data",
    [
        archive(lzma2(bytes(500_000)), LZMA2, [10], ["a.txt"]),  # more in it than is stated
        archive(lzma2(b"x"), LZMA2, [900_000], ["a.txt"]),  # less
        archive(lzma2(b"x")[:1], LZMA2, [1], ["a.txt"]),
        archive(b"12345", COPY, [2**62, 3], ["a.txt", "b.txt"], 2),
        archive(b"12345", COPY, [5], ["a.txt"], 2**40),
        archive(b"12345", number(2**40) + b"\x01\x00", [5], ["a.txt"]),
        archive(b"12345", number(1) + b"\x11\x00" + number(2**40) + number(1), [5], ["a.txt"]),
        archive(b"12345", number(1) + b"\x21\x21" + number(2**50), [5], ["a.txt"]),
        whole(b"", b"\x01\x05" + number(2**60)),
        whole(b"", b"\x01\x05" + b"\xff" * 9),
        whole(b"", b"\x17" + b"\x06" + number(2**63) + number(1) + b"\x09" + number(2**63) + b"\0\0"),
        whole(b"", b"\x17\0"),
        whole(b"", b"\x02"),
        whole(b"", b"")[:20],
        b"7z\xbc\xaf\x27\x1c" + b"\xff" * 26,
        b"7z\xbc\xaf\x27\x1c",
    ],
)
def test_lies_and_ruins_are_broken(data: bytes) -> None:
    start = time.process_time()
    with pytest.raises(Unreadable):
        read("a.7z", data)
    assert time.process_time() - start < 5


def test_a_directory_in_a_directory_without_end() -> None:
    head = ARCHIVES["copy"]
    offset, length = (int.from_bytes(head[at : at + 8], "little") for at in (12, 20))
    inner = head[32 + offset : 32 + offset + length]
    for _ in range(6):
        streams = b"\x06" + number(0) + number(1) + b"\x09" + number(len(inner)) + b"\0"
        streams += b"\x07\x0b" + number(1) + b"\0" + COPY + b"\x0c" + number(len(inner)) + b"\0\0"
        packed, inner = inner, b"\x17" + streams
    with pytest.raises(Unreadable):
        read("a.7z", whole(packed, inner))


def test_mutations_with_a_right_digest_are_read_or_not() -> None:
    chance = random.Random(11)
    for codec in READ[1:]:
        good = ARCHIVES[codec]
        offset, length = (int.from_bytes(good[at : at + 8], "little") for at in (12, 20))
        packed, head = good[32 : 32 + offset], good[32 + offset : 32 + offset + length]
        for _ in range(150):
            one, other = bytearray(head), bytearray(packed)
            for _ in range(chance.randrange(1, 5)):
                target = one if chance.random() < 0.8 else other
                target[chance.randrange(len(target))] = chance.randrange(256)
            try:
                read("a.7z", whole(bytes(other), bytes(one)))
            except Unreadable:
                continue
