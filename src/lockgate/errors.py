"""The errors Lockgate raises.

LockgateError
├── Invalid          the caller sent something malformed                     (400)
├── Unauthenticated  no valid credential                                     (401)
├── AccessDenied     a decision was DENY, or an obligation could not be met  (403)
├── NotFound         absent, or the caller may not know that it exists       (404)
├── Conflict         the state moved under the caller                        (409)
├── TooManyRequests  a quota is used up                                      (429)
├── TooLarge         a stated limit was passed                               (413)
└── Unavailable      a port failed; always fails closed                      (503)

Only `edge/problems.py` knows the numbers. Messages start in lower case, name the user's own things in
backticks, say what to do, and never quote content.
"""

from __future__ import annotations

import errno


class LockgateError(Exception):
    """Base of every error that may reach a caller.

    Attributes:
        code: stable machine-readable reason; subclasses give the default, an instance may narrow it.
        remedy: what the caller can do about it; empty when there is nothing.

    """

    code: str = "error"

    def __init__(self, message: str, *, code: str | None = None, remedy: str = "") -> None:
        super().__init__(message)
        if code is not None:
            self.code = code
        self.remedy = remedy


class Invalid(LockgateError):
    """The caller sent something malformed."""

    code = "invalid_request"


class Unauthenticated(LockgateError):
    """No valid credential; `code` says why (`token_expired`, `bad_signature`, ...)."""

    code = "invalid_token"


class AccessDenied(LockgateError):
    """The decision was DENY, or the enforcement point cannot meet an obligation."""

    code = "access_denied"


class NotFound(LockgateError):
    """Absent, or the subject may not learn that it exists: the two are never told apart."""

    code = "not_found"


class Conflict(LockgateError):
    """The state changed between read and write."""

    code = "conflict"


class TooLarge(LockgateError):
    """A stated limit was passed."""

    code = "too_large"


class TooManyRequests(LockgateError):
    """A quota of the caller's own is used up.

    Attributes:
        measure: what there was too much of.
        limit: how much of it there may be.
        retry_after: seconds until it would fit.

    """

    code = "quota_exceeded"

    def __init__(
        self, message: str, *, remedy: str = "", measure: str = "", limit: int = 0, retry_after: int = 1
    ) -> None:
        super().__init__(message, remedy=remedy)
        self.measure, self.limit, self.retry_after = measure, limit, retry_after


class Unavailable(LockgateError):
    """A port failed. Callers deny; they never assume."""

    code = "unavailable"


def shortage(error: BaseException) -> str:
    """Return what the machine did not give: memory, handles, or threads; empty where that is not why it failed."""
    if isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno == errno.ENOMEM):
        return "memory"
    if isinstance(error, OSError) and error.errno in (errno.EMFILE, errno.ENFILE):
        return "handles"
    # No type of its own: what `threading` raises where the system starts no thread.
    return "threads" if isinstance(error, RuntimeError) and error.args == ("can't start new thread",) else ""
