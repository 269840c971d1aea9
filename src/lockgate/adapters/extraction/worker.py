"""The worker process: reads documents from its standard input, writes their text to its standard output.

It has nothing to lose: no environment, no network where the kernel allows, no new privileges, no files to write,
bounded memory and processor time. `python -m lockgate.adapters.extraction.worker MEMORY CPU TEXT`.
"""

from __future__ import annotations

import codecs
import contextlib
import ctypes
import json
import os
import resource
import signal
import struct
import sys
from typing import BinaryIO, Final

from lockgate.adapters.extraction.sandbox import close_all

_CLONE_NEWNET: Final = 0x40000000
_PR_SET_NO_NEW_PRIVS: Final = 38
_PR_SET_PDEATHSIG: Final = 1
_NOBODY: Final = 65534
_CODECS: Final = (
    "utf-8 utf-16 utf-16-le utf-16-be utf-32-le utf-32-be utf-7 ascii cp437 "
    "cp850 cp852 cp866 cp874 cp932 cp936 cp949 cp950 mac-roman koi8-r koi8-u gb18030 gbk "
    "big5 shift-jis iso-2022-jp euc-jp euc-kr "
    + " ".join(f"iso-8859-{part}" for part in range(1, 17) if part != 12)
    + " "
    + " ".join(f"cp125{page}" for page in range(9))
)
_MAIL: Final = (
    b"Subject: =?utf-8?b?w6Q=?= =?utf-8?q?=C3=A4?=\r\n"
    b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
    b"--b\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=C3=A4\r\n"
    b"--b\r\nContent-Type: text/csv; name=a.csv\r\nContent-Transfer-Encoding: base64\r\n\r\nYSxiCg==\r\n--b--\r\n"
)


def _confine(memory: int) -> None:
    """Give up what reading does not need. What a system does not offer is skipped: the process is still apart."""
    if sys.platform == "linux":  # elsewhere address space cannot be limited; `grown` and time still are
        _limit(resource.RLIMIT_AS, memory)
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_FSIZE, 0)
    if sys.platform != "linux":
        return
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if os.geteuid() == 0:
        libc.unshare(_CLONE_NEWNET)
        with contextlib.suppress(PermissionError):  # a container's root without the right to become another
            os.setgroups([])
            os.setgid(_NOBODY)
            os.setuid(_NOBODY)
    # In the middle of a document it would not see that its starter is gone. A change of account resets this.
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    close_all(libc)


def _limit(kind: int, most: int) -> None:
    """Limit for good, unless what started this process has set a lower limit already."""
    hard = resource.getrlimit(kind)[1]
    most = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(kind, (most, most))


def _allow_time(seconds: int) -> None:
    """Let this process use so many more seconds of processor time, then end it."""
    used, hard = resource.getrusage(resource.RUSAGE_SELF), resource.getrlimit(resource.RLIMIT_CPU)[1]
    most = int(used.ru_utime + used.ru_stime) + seconds
    resource.setrlimit(resource.RLIMIT_CPU, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


def _exactly(stream: BinaryIO, length: int) -> bytes:
    data = stream.read(length)
    if len(data) != length:
        raise SystemExit(0)  # whoever started this process is gone
    return data


def _pages() -> BinaryIO | None:
    """Return what tells this process its memory, opened while it may still open something."""
    try:
        return open("/proc/self/statm", "rb", buffering=0)
    except OSError:
        return None


def _resident(pages: BinaryIO | None) -> int:
    """Return resident memory in bytes; where the system does not tell, the most that it ever was.

    The most is no measure on Linux: a process inherits it from whoever started it, and a large gateway would
    replace its worker after each document.
    """
    if pages is None:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    pages.seek(0)
    return int(pages.read().split()[1]) * resource.getpagesize()


def main() -> None:
    """Answer one document after the other until standard input ends."""
    memory, cpu, most_text = (int(argument) for argument in sys.argv[1:4])
    # Imported before the process is confined: afterwards it may not read the files. The reader's own threads begin
    # with its first document, and so are confined as well.
    from lockgate.adapters.extraction import pictures
    from lockgate.adapters.extraction.formats import read
    from lockgate.adapters.extraction.pieces import room_for
    from lockgate.adapters.extraction.texts import Unreadable, failure

    # Reading one mail and knowing the codecs loads what the standard library would load later.
    read("warm-up.eml", _MAIL)
    pictures.eyes()
    for codec in _CODECS.split():
        codecs.lookup(codec)
    pages = _pages()
    _confine(memory)
    source, sink = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # a library that prints must not break the frames
    while True:
        name_length, data_length = struct.unpack(">II", _exactly(source, 8))
        name = _exactly(source, name_length).decode()
        data = _exactly(source, data_length)
        _allow_time(cpu)
        try:
            found = read(name, data, room_for(most_text, cpu))
            answer: dict[str, object] = found._asdict()
            if len(found.text) > most_text:
                answer = {"why": f"its text is longer than {most_text} characters"}
        except Unreadable as error:
            answer = {"why": str(error)}
        except Exception as error:
            answer = {"why": failure(error)}
        del data
        answer["memory"] = _resident(pages)
        frame = json.dumps(answer, ensure_ascii=False).encode("utf-8", "replace")
        sink.write(struct.pack(">I", len(frame)) + frame)
        sink.flush()


if __name__ == "__main__":
    main()
