"""SharePoint and OneDrive as targets of a scan and as collections."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from adapters.graph import HOST, SECRET, Tenant, link, running, to
from adapters.hosts import Host
from contracts.connector import walk
from lockgate.adapters.directory_none import NoDirectory
from lockgate.cli.main import main
from lockgate.config import parse
from lockgate.errors import Invalid, Unavailable
from lockgate.labels.label import Sensitivity
from lockgate.wiring.sources import graph
from lockgate.wiring.sources.common import TargetOptions
from lockgate.wiring.targets import open_target


@pytest.fixture
def tenant() -> Iterator[Tenant]:
    with running() as made:
        yield made


def written(tenant: Tenant, folder: Path) -> Path:
    (folder / "secret").write_text(SECRET + "\n")
    file = folder / "lockgate.toml"
    file.write_text(
        f"""
[[collections]]
name = "legal"
[collections.graph]
tenant = "acme"
client_id = "app"
client_secret_file = "secret"
site = "{HOST}/sites/legal"
graph_url = "{tenant.graph}/v1.0"
login_url = "{tenant.graph}"
[collections.graph.principals]
"G-HR" = ["group:hr"]
"site-group:5" = ["group:legal"]
organization = ["group:staff"]
[collections.graph.labels]
"L-1" = "confidential"
[[collections.rules]]
match = "Documents/hr/**"
sensitivity = "general"
"""
    )
    return file


def test_a_collection_has_its_people_rules_and_labels(
    tenant: Tenant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(graph, "DOWNLOADS", (urlsplit(tenant.files).netloc,))
    file = written(tenant, tmp_path)
    tenant.put("hr/a.docx", b"a").labels = [{"sensitivityLabelId": "l-1"}]
    tenant.put("b.txt", b"b")
    tenant.share("hr", [to("group", "g-hr"), to("siteGroup", "5"), to("user", "ann@host.example")])
    tenant.share("b.txt", [link("organization")])
    settings = parse(file.read_text(), file)
    directory = Host(accounts={"ann@host.example": "user:ann"}, groups={"5": "group:wrong"})
    for text in ("collection://legal", f"graph://{HOST}/sites/legal"):
        source = open_target(text, TargetOptions(directory, settings))
        try:
            b, a = walk(source)
            assert [set(clause) for clause in a.readers.clauses] == [{"group:hr", "group:legal", "user:ann"}]
            assert [set(clause) for clause in b.readers.clauses] == [{"group:staff"}]
            assert a.declared is not None
            assert a.declared.sensitivity == Sensitivity.CONFIDENTIAL
        finally:
            source.close()


def test_a_link_for_anyone_is_within_reach(tenant: Tenant, tmp_path: Path) -> None:
    tenant.put("pay.txt", b"pay")
    tenant.share("pay.txt", [link("anonymous")])
    file = written(tenant, tmp_path)
    found = open_target("collection://legal", TargetOptions(NoDirectory(), parse(file.read_text(), file)))
    try:
        (item,) = walk(found)
        assert item.readers.is_nobody
        assert item.reach is not None
        assert item.reach.is_everyone
    finally:
        found.close()


def test_without_credentials_a_scan_says_what_to_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(Unavailable, match="no credentials"):
        open_target(f"graph://{HOST}/sites/legal", TargetOptions(NoDirectory()))
    assert main(["scan", f"graph://{HOST}/sites/legal", "--state", str(tmp_path / "s.db")]) != 0
    assert "AZURE_TENANT_ID" in "".join(capsys.readouterr())


@pytest.mark.parametrize(
    "text",
    [
        "graph://",
        "graph://users/",
        "graph://drives/a/b",
        "graph://x:canary@h/sites/a",
        "graph://h/sites/a?x=canary",
    ],
)
def test_addresses_that_are_refused_are_not_quoted(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        open_target(text, TargetOptions(NoDirectory()))
    assert "canary" not in f"{refused.value} {refused.value.remedy}"


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        ("", "is not the one thing to read"),
        ('site = "a.example"\nuser = "x"', "is not the one thing to read"),
        ('site = "a.example?x"', "is no name of that kind"),
        ('drive = "a/b"', "is no name of that kind"),
        ('tenant = "../x"\ndrive = "a"', "is no name of that kind"),
        ('drive = "a"\ngraph_url = "http://graph.example/v1.0"', "in clear"),
        ('drive = "a"\ngraph_url = "https://169.254.169.254/v1.0"', "cannot be used"),
        ('drive = "a"\ndownload_hosts = ["*"]', "no host"),
        ('drive = "a"\n[collections.graph.labels]\n"x" = "secretest"', "secretest"),
        ('drive = "a"\n[collections.graph.principals]\n"x" = ["everyone"]', "names nobody, or everyone"),
    ],
)
def test_settings_that_are_wrong(lines: str, problem: str) -> None:
    with pytest.raises(Invalid, match=problem):
        parse(f'[[collections]]\nname = "g"\n[collections.graph]\n{lines}\n', Path("lockgate.toml"))
