"""The tree against a dumb recursive reading of RFC 6962, and against its published vectors."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockgate.audit import merkle
from lockgate.audit.merkle import EMPTY, Tree
from lockgate.errors import Invalid

VECTOR_LEAVES = [
    bytes.fromhex(h)
    for h in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
"""The leaves and roots that the Certificate Transparency reference implementation publishes."""
VECTOR_ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def mth(data: list[bytes]) -> bytes:
    """RFC 6962 section 2.1, word by word."""
    if not data:
        return hashlib.sha256(b"").digest()
    if len(data) == 1:
        return hashlib.sha256(b"\x00" + data[0]).digest()
    k = 1
    while k * 2 < len(data):
        k *= 2
    return hashlib.sha256(b"\x01" + mth(data[:k]) + mth(data[k:])).digest()


def nodes(data: list[bytes]) -> merkle.Nodes:
    return lambda level, at: mth(data[at << level : (at + 1) << level])


def leaves(size: int) -> list[bytes]:
    return [bytes([i % 251, i // 251]) for i in range(size)]


def grown(data: list[bytes]) -> Tree:
    return Tree().append([merkle.leaf_hash(one) for one in data])[0]


@pytest.mark.parametrize("size", range(len(VECTOR_ROOTS)))
def test_published_roots(size: int) -> None:
    assert grown(VECTOR_LEAVES[:size]).root.hex() == VECTOR_ROOTS[size]


@given(st.lists(st.lists(st.binary(max_size=3), max_size=9), max_size=6))
def test_growing_in_any_batches_gives_the_root_of_the_model(batches: list[list[bytes]]) -> None:
    tree, seen, made = Tree(), [], {}
    for batch in batches:
        tree, new = tree.append([merkle.leaf_hash(one) for one in batch])
        seen += batch
        made |= {(level, at): digest for level, at, digest in new}
        assert (tree.size, tree.root) == (len(seen), mth(seen))
        assert Tree.load(len(seen), nodes(seen)) == tree
    want = {(lv, at) for lv in range(1, 8) for at in range(len(seen) >> lv)}
    assert set(made) == want
    assert all(digest == nodes(seen)(*place) for place, digest in made.items())


def test_inclusion_of_every_leaf_of_every_small_tree() -> None:
    for size in range(1, 34):
        data = leaves(size)
        root = mth(data)
        for index in range(size):
            proof = merkle.inclusion_proof(index, size, nodes(data))
            leaf = merkle.leaf_hash(data[index])
            assert merkle.verify_inclusion(leaf, index, size, proof, root)
            others = [i for i in range(size) if i != index]
            assert not any(merkle.verify_inclusion(leaf, i, size, proof, root) for i in others)


def test_consistency_of_every_pair_of_small_trees() -> None:
    for size in range(1, 34):
        data = leaves(size)
        for old in range(1, size + 1):
            proof = merkle.consistency_proof(old, size, nodes(data))
            assert merkle.verify_consistency(old, size, mth(data[:old]), mth(data), proof)
            forged = [b"no", *data[1:]]
            assert not merkle.verify_consistency(old, size, mth(forged[:old]), mth(data), proof)


@given(st.data())
def test_a_changed_proof_proves_nothing(draw: st.DataObject) -> None:
    size = draw.draw(st.integers(2, 40))
    index, old = draw.draw(st.integers(0, size - 1)), draw.draw(st.integers(1, size - 1))
    data = leaves(size)
    leaf, root = merkle.leaf_hash(data[index]), mth(data)
    path = list(merkle.inclusion_proof(index, size, nodes(data)))
    chain = list(merkle.consistency_proof(old, size, nodes(data)))
    for proof in (path, chain):
        at = draw.draw(st.integers(0, len(proof) - 1))
        how = draw.draw(st.sampled_from(["drop", "flip", "double"]))
        if how == "drop":
            del proof[at]
        elif how == "flip":
            proof[at] = bytes([proof[at][0] ^ 1]) + proof[at][1:]
        else:
            proof.insert(at, proof[at])
    assert not merkle.verify_inclusion(leaf, index, size, path, root)
    assert not merkle.verify_consistency(old, size, mth(data[:old]), root, chain)


def test_a_node_cannot_pass_for_a_leaf() -> None:
    a, b = merkle.leaf_hash(b"a"), merkle.leaf_hash(b"b")
    assert merkle.leaf_hash(a + b) != merkle.node_hash(a, b)


def test_proofs_of_what_is_not_there_are_refused() -> None:
    for index, size in ((0, 0), (3, 3), (-1, 3)):
        with pytest.raises(Invalid):
            merkle.inclusion_proof(index, size, nodes([]))
    for old, size in ((0, 3), (4, 3)):
        with pytest.raises(Invalid):
            merkle.consistency_proof(old, size, nodes([]))
    assert not merkle.verify_inclusion(EMPTY, 0, 0, (), EMPTY)
    assert not merkle.verify_consistency(0, 0, EMPTY, EMPTY, ())


def test_fold_is_the_root_over_a_power_of_two() -> None:
    data = leaves(16)
    assert merkle.fold([merkle.leaf_hash(one) for one in data]) == mth(data)
