"""The process that holds the model: drops its rights, loads the weights, serves on loopback. See `server.py`.

A file of weights and a prompt are both input to a parser in C++ that may have holes. So this process may read no
file of another user, write no file, gain no rights, and lives no longer than its parent.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import pwd
import resource
import signal
import sys
from typing import Any, Final
from urllib.parse import urlsplit

_PR_SET_PDEATHSIG: Final = 1
_PR_SET_DUMPABLE: Final = 4
_PR_SET_NO_NEW_PRIVS: Final = 38

_ADDRESS_SPACE: Final = 3 << 30
_OPEN_FILES: Final = 256
_HTTP_THREADS: Final = 16
_ANSWER_TOKENS: Final = 1024
"""A weak model may never stop by itself; this ends it, also where a request asks for more."""


def main() -> None:
    """Serve the weights behind file descriptor `argv[1]`, with a context of `argv[2]` tokens, until stdin ends."""
    report = os.fdopen(os.dup(1), "w")
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 1)  # what llama.cpp prints can contain prompts
    os.dup2(null, 2)
    handle, context = int(sys.argv[1]), int(sys.argv[2])
    _limit()
    try:
        import xllamacpp  # before rights are dropped: another user may not be able to read the package
    except ImportError:
        json.dump({"missing": True}, report)
        report.close()
        return
    _drop()
    key = json.loads(sys.stdin.buffer.readline())["key"]
    server = xllamacpp.Server(_parameters(xllamacpp, handle, context, key))
    port = urlsplit(server.listening_address).port
    json.dump({"port": port, "uid": os.getuid()}, report)
    report.close()
    sys.stdin.buffer.read()  # ends with the parent, however it ends
    os._exit(0)


def _limit() -> None:
    for what, most in (
        (resource.RLIMIT_AS, _ADDRESS_SPACE),
        (resource.RLIMIT_NOFILE, _OPEN_FILES),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
    ):
        hard = resource.getrlimit(what)[1]
        limit = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (limit, limit))


def _drop() -> None:
    """Become nobody if this is root, and in any case never more than now; die with the parent."""
    if os.geteuid() == 0:
        user, group = 65534, 65534
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam("nobody")
            user, group = entry.pw_uid, entry.pw_gid
        with contextlib.suppress(PermissionError):  # root of a container that may not change its user
            os.setgroups([])
            os.setresgid(group, group, group)
            os.setresuid(user, user, user)
    libc = ctypes.CDLL(None, use_errno=True)
    for option, value in (
        (_PR_SET_PDEATHSIG, int(signal.SIGKILL)),  # after the change of user, which would clear it
        (_PR_SET_DUMPABLE, 0),  # other processes of this user cannot read its memory
        (_PR_SET_NO_NEW_PRIVS, 1),
    ):
        if libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "prctl")


def _parameters(xllamacpp: Any, handle: int, context: int, key: str) -> Any:
    p = xllamacpp.CommonParams()
    p.model.path = f"/proc/self/fd/{handle}"
    p.model_alias = {"local"}
    p.hostnames, p.port, p.api_keys = ["127.0.0.1"], 0, [key]
    p.n_ctx, p.n_predict, p.ctx_shift = context, _ANSWER_TOKENS, False
    # One slot and no reuse of earlier prompts: what another asked before, or asks now, changes no logit.
    p.n_parallel, p.cont_batching = 1, False
    p.cache_prompt, p.cache_ram_mib, p.cache_idle_slots, p.n_cache_reuse = False, 0, False, 0
    p.n_ctx_checkpoints, p.slot_prompt_similarity = 0, 0.0
    p.sampling.temp = 0.0  # unless the request asks for another
    # Spinning threads on few cores slow generation tenfold (measured), hence one, and no warm-up.
    p.cpuparams.n_threads, p.cpuparams_batch.n_threads, p.warmup = 1, 1, False
    p.n_threads_http = _HTTP_THREADS
    p.n_gpu_layers, p.offline, p.ui, p.verbosity = 0, True, False, 0
    p.endpoint_slots, p.endpoint_props, p.endpoint_metrics = False, False, False
    p.cors_origins, p.cors_credentials = "http://127.0.0.1", False
    return p


if __name__ == "__main__":
    main()
