"""What verification asks of each answer, the gateway itself gives."""

from __future__ import annotations

import pytest

from attacks.http import chat, send
from e2e.lab import Lab
from e2e.upstream import Upstream
from lockgate.adapters.audit_key import load_or_create

pytestmark = pytest.mark.slow


def test_the_log_of_a_running_gateway_is_complete(pair: tuple[Lab, Upstream]) -> None:
    lab, server = pair
    server.reset()
    for person in ("staff", "hr", "outsider"):
        for model in ("grounded", "cheap", "assistant"):
            question = chat("May I accept gifts from suppliers?", model)
            assert send(lab.url, "POST", "/v1/chat/completions", question, token=lab.token(person)).status == 200
    signer = load_or_create(lab.folder / "state" / "keys" / "audit.pem", lab.lockgate.settings.audit_origin)
    report = lab.lockgate.log.verify(signer.verifier)
    assert report.faults == ()
    assert report.size > 30
