"""What an attacker on this machine, or inside the model's server, would try."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import aiohttp
import pytest

from lockgate.adapters.llama.server import WEIGHTS, LlamaServer
from lockgate.adapters.weights import Weights, default_folder, shipped
from lockgate.errors import Unavailable

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def weights() -> Weights:
    folder = Weights(default_folder(), shipped())
    folder.fetch(WEIGHTS, lambda line: None)
    return folder


async def served(weights: Weights, check: Callable[[int, str, str], Awaitable[None]]) -> None:
    """Call `check(pid, url, key)` while a server runs."""
    server = LlamaServer(weights)
    try:
        url, key = await server.locate()
        assert server.pid
        await check(server.pid, url, key)
    finally:
        await server.close()


def status(pid: int) -> dict[str, list[str]]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: rest.split() for name, _, rest in (line.partition(":") for line in lines)}


def alive(pid: int) -> bool:
    try:
        return status(pid)["State"][0] not in {"Z", "X"}
    except FileNotFoundError:
        return False


def gone(pid: int, seconds: float = 5) -> bool:
    end = time.monotonic() + seconds
    while alive(pid) and time.monotonic() < end:
        time.sleep(0.02)
    return not alive(pid)


async def test_only_the_key_opens(weights: Weights) -> None:
    async def check(pid: int, url: str, key: str) -> None:
        base = url.removesuffix("/v1")
        body = {"model": "local", "messages": [{"role": "user", "content": "hi"}], "max_tokens": 1}
        wrong = ({}, {"Authorization": "Bearer "}, {"Authorization": f"Bearer {key[:-1]}"}, {"X-Api-Key": "k"})
        async with aiohttp.ClientSession() as session:
            for headers in wrong:
                for path in ("/v1/chat/completions", "/completion", "/tokenize", "/apply-template", "/infill"):
                    async with session.post(base + path, json=body, headers=headers) as answer:
                        assert answer.status == 401, (path, headers)
            mine = {"Authorization": f"Bearer {key}"}
            async with session.post(f"{url}/chat/completions", json=body, headers=mine) as answer:
                assert answer.status == 200
            for path in ("/slots", "/metrics"):  # they would show prompts
                async with session.get(base + path, headers=mine) as answer:
                    assert answer.status == 501, path
            async with session.post(f"{base}/props", json={}, headers=mine) as answer:
                assert answer.status == 501
            foreign = {"Origin": "https://evil.example"}
            async with session.get(f"{base}/health", headers=foreign) as answer:
                assert answer.headers.get("Access-Control-Allow-Origin") not in {"*", foreign["Origin"]}
            async with session.get(f"{base}/", headers=mine) as answer:
                assert answer.status == 404  # no web page

    await served(weights, check)


async def test_only_this_machine_reaches_it(weights: Weights) -> None:
    async def check(pid: int, url: str, key: str) -> None:
        port = int(url.split(":")[2].split("/")[0])
        listening = []
        for table in ("tcp", "tcp6"):
            for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
                address, state = line.split()[1], line.split()[3]
                if state == "0A" and int(address.rpartition(":")[2], 16) == port:
                    listening.append(address.rpartition(":")[0])
        assert listening == ["0100007F"]
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.connect(("192.0.2.1", 9))  # sends nothing; tells this machine's own address
            own = probe.getsockname()[0]
        if own.startswith("127."):
            return
        with pytest.raises(OSError, match="refused"), socket.create_connection((own, port), timeout=2):
            pass

    await served(weights, check)


async def test_the_key_is_nowhere_to_be_read(weights: Weights) -> None:
    async def check(pid: int, url: str, key: str) -> None:
        assert key.encode() not in Path(f"/proc/{pid}/cmdline").read_bytes()
        if os.geteuid() == 0:
            environ = Path(f"/proc/{pid}/environ").read_bytes()
            assert key.encode() not in environ
            assert {line.split(b"=")[0] for line in environ.split(b"\0") if line} == {
                b"PYTHONPATH",
                b"OMP_NUM_THREADS",
                b"OMP_WAIT_POLICY",
                b"MALLOC_ARENA_MAX",
                b"LC_ALL",
            }
        else:
            with pytest.raises(PermissionError):
                Path(f"/proc/{pid}/environ").read_bytes()

    await served(weights, check)


async def test_it_has_no_rights_and_little_room(weights: Weights) -> None:
    async def check(pid: int, url: str, key: str) -> None:
        now = status(pid)
        assert now["NoNewPrivs"] == ["1"]
        if os.geteuid() == 0:
            assert set(now["Uid"]) == set(now["Gid"]) == {"65534"}
            assert now["Groups"] == []
            assert {int(now[name][0], 16) for name in ("CapEff", "CapPrm", "CapInh")} == {0}
            # what would be one user's is root's: nobody else who runs as `nobody` can look into it
            assert os.stat(f"/proc/{pid}/mem").st_uid == 0
        else:
            assert now["Uid"] == [str(os.getuid())] * 4
        limits = Path(f"/proc/{pid}/limits").read_text()
        for name, most in (
            ("Max address space", 3 << 30),
            ("Max open files", 256),
            ("Max core file size", 0),
            ("Max file size", 0),
        ):
            line = next(line for line in limits.splitlines() if line.startswith(name))
            assert [int(part) for part in line.removeprefix(name).split()[:2]] == [most, most]
        assert os.readlink(f"/proc/{pid}/cwd") == "/"
        inherited = {os.readlink(f"/proc/{pid}/fd/{entry}") for entry in os.listdir(f"/proc/{pid}/fd")}
        kinds = {target.split(":")[0] for target in inherited}
        assert kinds <= {"pipe", "socket", "anon_inode", "/dev/null", "/memfd"}, inherited

    await served(weights, check)


@pytest.mark.needs_root
async def test_the_server_cannot_read_what_root_can(weights: Weights, tmp_path: Path) -> None:
    """The weights lie where only root can look, and still the server has them: as memory that it cannot change."""
    tmp_path.chmod(0o700)
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    copy = private / WEIGHTS
    copy.write_bytes(weights.read(WEIGHTS))
    copy.chmod(0o600)
    code = (
        "import os,sys\n"
        "from lockgate.adapters.llama import worker\n"
        "report = os.dup(1)\n"
        "worker._limit(); worker._drop()\n"
        "def fails(act):\n"
        "    try: act()\n"
        "    except OSError: return True\n"
        "    return False\n"
        "handle = int(sys.argv[1])\n"
        f"tests = [lambda: os.open({str(copy)!r}, os.O_RDONLY), lambda: os.write(handle, b'x'),\n"
        "         lambda: os.ftruncate(handle, 0), lambda: os.setuid(0), lambda: os.kill(os.getppid(), 0),\n"
        "         lambda: os.open('/tmp/lockgate-test-escape', os.O_CREAT | os.O_WRONLY) and "
        "os.write(os.open('/tmp/lockgate-test-escape', os.O_WRONLY), b'x')]\n"
        "os.write(report, ''.join('ny'[fails(t)] for t in tests).encode())\n"
    )
    server = LlamaServer(Weights(private, shipped()))
    memory = await asyncio.to_thread(server._sealed)
    handle = memory.fileno()
    try:
        done = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-P", "-c", code, str(handle)],
            pass_fds=(handle,),
            env={"PYTHONPATH": str(ROOT / "src")},
            capture_output=True,
            check=False,
        )
    finally:
        memory.close()
        Path("/tmp/lockgate-test-escape").unlink(missing_ok=True)
    assert done.stdout == b"yyyyyy", (done.stdout, done.stderr)
    await server.locate()
    await server.close()


async def test_close_leaves_no_process(weights: Weights) -> None:
    server = LlamaServer(weights)
    await server.locate()
    pid = server.pid
    assert pid
    await server.close()
    assert not Path(f"/proc/{pid}").exists()
    assert server.pid is None
    await server.close()


async def test_one_server_for_many_who_ask_at_once(weights: Weights) -> None:
    server = LlamaServer(weights)
    try:
        assert len(set(await asyncio.gather(*(server.locate() for _ in range(5))))) == 1
    finally:
        await server.close()


async def test_who_gives_up_during_the_start_does_not_stop_it(weights: Weights) -> None:
    server, before = LlamaServer(weights), children()
    for _ in range(3):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await server.locate()
    await server.locate()
    assert children() == before | {server.pid}
    await server.close()
    assert children() == before


@pytest.mark.parametrize("wait", [0.0, 0.05, 0.5, 1.0])
async def test_close_during_the_start_leaves_no_process(weights: Weights, wait: float) -> None:
    server, before = LlamaServer(weights), children()
    asking = asyncio.create_task(server.locate())
    await asyncio.sleep(wait)
    await server.close()
    assert children() == before
    assert server.pid is None
    if (error := (await asyncio.gather(asking, return_exceptions=True))[0]) is not None and wait < 0.5:
        assert isinstance(error, Unavailable)


def children() -> set[int]:
    me, found = os.getpid(), set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and entry.name != str(me):
            try:
                if status(int(entry.name))["PPid"] == [str(me)]:
                    found.add(int(entry.name))
            except (FileNotFoundError, ProcessLookupError):
                continue
    return found


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_it_dies_with_its_parent(weights: Weights, how: signal.Signals) -> None:
    code = (
        "import asyncio, sys\n"
        "from pathlib import Path\n"
        "from lockgate.adapters.llama.server import LlamaServer\n"
        "from lockgate.adapters.weights import Weights, shipped\n"
        "async def main():\n"
        "    server = LlamaServer(Weights(Path(sys.argv[1]), shipped()))\n"
        "    await server.locate()\n"
        "    print(server.pid, flush=True)\n"
        "    await asyncio.sleep(60)\n"
        "asyncio.run(main())\n"
    )
    command = [sys.executable, "-c", code, str(weights.folder)]
    environ = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environ) as parent:
        assert parent.stdout
        pid = int(parent.stdout.readline())
        assert alive(pid)
        parent.send_signal(how)
        parent.wait(10)
    assert gone(pid)
