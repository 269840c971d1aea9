"""Checks a proof of one record with the log's public key: `python check_proof.py 41.tlog-proof audit.pem.pub`."""

import base64
import hashlib
import json
import sys

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


def hashed(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def signed(note, key):  # c2sp.org/signed-note: the lines that `key` has signed
    name, key_id, public = key.split("+", 2)
    body, _, signatures = note.rpartition("\n\n")
    for line in signatures.splitlines():
        raw = base64.b64decode(line.rpartition(" ")[2])
        if line.startswith(f"— {name} ") and raw[:4].hex() == key_id:
            verifier = Ed25519PublicKey.from_public_bytes(base64.b64decode(public)[1:])
            verifier.verify(raw[4:], f"{body}\n".encode())  # raises if it does not hold
            return body.split("\n")
    sys.exit("not signed by this key")


with open(sys.argv[1], encoding="utf-8") as proof, open(sys.argv[2], encoding="utf-8") as public:
    (head, _, note), key = proof.read().partition("\n\n"), public.read().strip()
kind, extra, place, *path = head.split("\n")  # c2sp.org/tlog-proof
told = json.loads(base64.b64decode(extra.removeprefix("extra ")))
for handover in told.get("keys", []):  # from the key that you trust to the one that signs today
    if handover.startswith("lockgate audit key handover v1\n") and handover.split("\n")[3] == key:
        key = signed(handover, key)[4]
origin, size, root = signed(note, key)[:3]  # c2sp.org/tlog-checkpoint
index, last = int(place.removeprefix("index ")), int(size) - 1
node, at, fits = hashed(b"\0", told["event"].encode()), index, 0 <= index <= last
for step in map(base64.b64decode, path):  # RFC 9162 section 2.1.3.2
    fits = fits and last > 0
    left = at % 2 or at == last
    node = hashed(b"\1", step, node) if left else hashed(b"\1", node, step)
    while left and at % 2 == 0 and at:
        at, last = at // 2, last // 2
    at, last = at // 2, last // 2
if not fits or last or node != base64.b64decode(root) or origin != key.split("+")[0]:
    sys.exit("the record is not at this place of the signed log")
print(f"record {index} of {size} in {origin}: {told['event']}")
