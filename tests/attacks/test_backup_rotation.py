"""A backup that is made while keys are replaced is restored to a Lockgate that goes on."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from e2e.lab import in_thread, opened, plant
from journeys.places import Words
from lockgate.adapters import state_folder
from lockgate.adapters.clock import SystemClock
from lockgate.errors import Invalid
from lockgate.storage.schema import AUDIT
from lockgate.wiring import backup, signing

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
SECRET = b"correct horse battery staple"


def test_a_signing_key_that_is_replaced_meanwhile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The log was copied under the old key, and the keys were read when that was destroyed."""
    plant(tmp_path / "live")
    copy, rotated = state_folder.copy_database, []
    with in_thread(lambda: opened(tmp_path / "live", Words())) as lab:
        settings = lab.lockgate.settings
        running = signing.Signing(settings, lab.lockgate.audit, lab.lockgate.log, SystemClock())

        def copied(source: Path, target: Path) -> None:
            copy(source, target)
            if source.name == AUDIT.file and not rotated:
                rotated.append(lab.run(running.rotate(signing.new_id(), "operator")))

        monkeypatch.setattr(state_folder, "copy_database", copied)
        backup.backup(settings, tmp_path / "made", SECRET, NOW)
        assert rotated
    backup.restore(tmp_path / "made", tmp_path / "again", SECRET, None)
    with in_thread(lambda: opened(tmp_path / "again", Words(), share=tmp_path / "live" / "share")) as lab:
        assert lab.lockgate.log.handovers()


def test_keys_of_another_time_are_refused(tmp_path: Path) -> None:
    """They verified the log, and could not go on with it: what was restored never started."""
    plant(tmp_path / "live")
    with in_thread(lambda: opened(tmp_path / "live", Words())) as lab:
        settings = lab.lockgate.settings
        backup.backup(settings, tmp_path / "made", None, NOW)
        running = signing.Signing(settings, lab.lockgate.audit, lab.lockgate.log, SystemClock())
        lab.run(running.rotate(signing.new_id(), "operator"))
    with pytest.raises(Invalid, match="signing key"):
        backup.restore(tmp_path / "made", tmp_path / "again", None, settings.data / "keys")
    assert not (tmp_path / "again").exists()
