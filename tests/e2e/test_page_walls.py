"""The page hands out anybody's tokens: what keeps another site's page and other names of this host away.

That its key keeps other accounts of this machine away is shown in `tests/attacks/test_page_key.py`.
"""

from __future__ import annotations

import http.client
import json

import pytest

from e2e.conftest import Running

pytestmark = pytest.mark.slow
TOKEN = ("POST", "/page/token", b'{"person": "hanna"}')
REQUESTS = [
    TOKEN,
    ("GET", "/page/state", b""),
    ("GET", "/page/exposure", b""),
    ("POST", "/page/membership", b'{"person": "sofia", "group": "hr", "member": true}'),
    ("POST", "/page/drop?name=a.txt&person=jonas&audience=staff", b"text"),
]
FILES = ["/", *(f"/page/{name}.js" for name in ("app", "documents", "dom", "gates", "proof", "side", "state"))]


def send(
    demo: Running, method: str, path: str, body: bytes = b"", **headers: str
) -> tuple[int, dict[str, str], str]:
    address = demo.url.removeprefix("http://")
    connection = http.client.HTTPConnection(address, timeout=30)
    try:
        sent = {"Host": address} | {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, sent)
        answer = connection.getresponse()
        return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read().decode()
    finally:
        connection.close()


def test_a_preflight_of_another_site_gets_no_leave(demo: Running) -> None:
    status, headers, _ = send(
        demo,
        "OPTIONS",
        "/page/token",
        Origin="https://evil.example",
        Access_Control_Request_Method="POST",
        Access_Control_Request_Headers="lockgate-demo",
    )
    assert status >= 400
    assert not [name for name in headers if name.startswith("access-control-")]


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:8420", "127.0.0.1.evil.example", "localhost.evil.example:80", "", "0.0.0.0"],
)
def test_another_name_for_this_host_is_refused(demo: Running, host: str) -> None:
    """DNS rebinding: the browser believes that evil.example is 127.0.0.1, but it still says the name."""
    for method, path, body in REQUESTS:
        status, _, text = send(
            demo, method, path, body, Host=host, Lockgate_Demo=demo.stage.key, Content_Type="application/json"
        )
        assert status in (400, 403), path
        assert "token" not in text
    for path in FILES:
        assert send(demo, "GET", path, Host=host)[0] in (400, 403)


@pytest.mark.parametrize("host", ["127.0.0.1:1", "localhost:1", "[::1]:1"])
def test_the_loopback_names_are_its_own(demo: Running, host: str) -> None:
    status, _, text = send(demo, *TOKEN, Host=host, Lockgate_Demo=demo.stage.key, Content_Type="application/json")
    assert status == 200
    assert json.loads(text)["token"].count(".") == 2


@pytest.mark.parametrize("path", [*FILES, "/page/style.css"])
def test_every_file_carries_the_policy(demo: Running, path: str) -> None:
    status, headers, _ = send(demo, "GET", path)
    assert status == 200
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; ")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", ["/page/../page_host.py", "/page/%2e%2e/issuer.py", "/page/index.html", "/page/"])
def test_no_other_file_is_served(demo: Running, path: str) -> None:
    assert send(demo, "GET", path)[0] == 404


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("name=../../x.md&person=jonas&audience=nobody", 400),
        ("name=.hidden&person=jonas&audience=staff", 400),
        ("name=&person=jonas&audience=staff", 400),
        ("name=a%00b.md&person=jonas&audience=staff", 400),
        ("name=a.md&person=..%2f..%2fx&audience=staff", 404),
    ],
)
def test_a_dropped_name_cannot_leave_its_folder(demo: Running, query: str, code: int) -> None:
    status, _, _ = send(demo, "POST", f"/page/drop?{query}", b"# x", Lockgate_Demo=demo.stage.key)
    assert status == code
