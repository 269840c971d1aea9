"""Lockgate's own connector, directory and detectors see the demonstration as its truth has it."""

from __future__ import annotations

import asyncio

import kreuzberg

from demo.test_files import TYPES
from lockgate.adapters.directory_file import DirectoryFile
from lockgate.adapters.files import FilesConnector
from lockgate.content.detection import scan
from lockgate.content.labeling import propose
from lockgate.demo.organization import Organization
from lockgate.demo.people import GROUPS, PEOPLE, identifiers
from lockgate.demo.stage import CONNECTOR
from lockgate.demo.truth import ACTIVE
from lockgate.demo.writers import render
from lockgate.labels.label import Sensitivity
from lockgate.ports import Item


def items(made: Organization) -> dict[str, Item]:
    async def collect() -> dict[str, Item]:
        directory = DirectoryFile.open(made.directory)
        connector = FilesConnector(CONNECTOR, made.share, "company", directory=directory, rights="manifest")
        return {item.id: item async for item in connector.items()}

    return asyncio.run(collect())


def test_the_connector_sees_every_document_with_its_true_readers(brightwater: Organization) -> None:
    seen = items(brightwater)
    assert set(seen) == set(brightwater.documents)
    for path, item in seen.items():
        truth = brightwater.documents[path]
        assert not item.problem, (path, item.problem)
        assert {id for id in ACTIVE if item.readers.permits(identifiers(id))} == set(truth.may_read), path
        assert item.owners == set(truth.draft.owners), path
        assert (item.declared.sensitivity.name.lower() if item.declared else "") == truth.draft.declared, path
        assert item.integrity.name.lower() == truth.draft.integrity, path


def test_the_directory_knows_everybody(brightwater: Organization) -> None:
    directory = DirectoryFile.open(brightwater.directory)
    for member in PEOPLE:
        person = directory.person(member.id)
        assert person is not None
        assert person.active is member.active
        assert {*person.groups, f"user:{member.id}", "everyone"} == identifiers(member.id)
    assert directory.others == "group:staff"
    assert all(directory.host_group(f"{group}-share") == f"group:{group}" for group in GROUPS)


def test_detectors_hold_back_nothing_that_is_rightly_declared(brightwater: Organization) -> None:
    """But for the pasted line: false alarms would cost the people of the demonstration their answers."""
    for path, truth in brightwater.documents.items():
        if not truth.draft.declared:
            continue
        text = str(kreuzberg.extract_bytes_sync(render(truth.draft), TYPES[path.rpartition(".")[2]]).content)
        demanded = propose(scan(text)).sensitivity
        if not truth.draft.held_canaries:
            declared = max(Sensitivity[truth.draft.declared.upper()], Sensitivity.GENERAL)
            assert demanded <= declared, path
