"""How well a person can tell two kinds of requests apart by how long they take."""

from __future__ import annotations

import http.client
import json
import random
import time
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

import numpy as np

Ask = tuple[str, str, object]
"""Method, path and body of a request."""


def auc(first: Sequence[float], second: Sequence[float]) -> float:
    """Return how often one of the first took longer than one of the second; 0.5 tells nothing."""
    a, b = np.array(first)[:, None], np.array(second)[None, :]
    return float(((a > b) + 0.5 * (a == b)).mean())


def tell_apart(
    url: str, token: str, first: Callable[[], Ask], second: Callable[[], Ask], pairs: int
) -> tuple[float, set[str], set[str]]:
    """Send pairs of requests in random order over one connection; return the AUC and what each was answered."""
    times: tuple[list[float], list[float]] = ([], [])
    said: tuple[set[str], set[str]] = (set(), set())
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    try:
        for _ in range(pairs):
            for which in random.sample((0, 1), 2):
                method, path, body = (first, second)[which]()
                data = None if body is None else json.dumps(body)
                began = time.perf_counter()
                connection.request(method, path, data, headers)
                answer = connection.getresponse()
                text = answer.read()
                times[which].append(time.perf_counter() - began)
                found = json.loads(text)
                found.pop("request_id", None)
                said[which].add(f"{answer.status} {json.dumps(found)}")
    finally:
        connection.close()
    return auc(times[0], times[1]), said[0], said[1]
