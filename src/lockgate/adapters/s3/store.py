"""One bucket, spoken to through boto3: listed in pages, read bounded and of one version, errors without content.

Credentials come from where boto3 finds them (environment, profile, role of the machine). They and what a store
answers in error are never part of a message. Throttling (SlowDown) is waited for and tried again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, TypeVar

from lockgate.adapters.s3 import acl as lists
from lockgate.adapters.s3 import policy as policies
from lockgate.adapters.s3.acl import Acl, Block
from lockgate.adapters.s3.rights import Bucket
from lockgate.errors import Conflict, Invalid, LockgateError, NotFound, TooLarge, Unavailable

if TYPE_CHECKING:
    from botocore.client import BaseClient

T = TypeVar("T")
LANES: Final = 16
"""Requests at a time."""
_TRIES: Final = 6
_RESUMED: Final = 4
_CHANGED: Final = 3
_EMPTY: Final = 1_000
"""Empty pages of a listing in a row."""
_PAGE: Final = 10
"""How many times more objects than asked for a page may have."""
_BLOCK: Final = 1 << 20
_CODE: Final = re.compile(r"[A-Za-z0-9.]{1,60}")
_GONE: Final = {"404", "NoSuchKey", "NotFound", "NoSuchVersion"}
_NONE: Final = {
    "NoSuchBucketPolicy",
    "NoSuchPublicAccessBlockConfiguration",
    "OwnershipControlsNotFoundError",
}
_ABSENT: Final = {"NotImplemented", "501"}
"""How stores say that they do not have such a thing. Not 405: AWS keeps a policy from other accounts with it."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a bucket is. `endpoint` is empty for AWS itself; `account` is the 12 digits of who owns the bucket."""

    bucket: str
    prefix: str = ""
    region: str = ""
    endpoint: str = ""
    profile: str = ""
    account: str = ""
    requester_pays: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """An object as it is now. `revision` changes with its content."""

    key: str
    size: int
    revision: str
    modified: datetime


class Store:
    """The requests. Blocks, so it is called from threads. `page`: how many objects to list at a time."""

    def __init__(self, place: Place, page: int = 1000) -> None:
        self.place = place
        self._page = page
        self._lock = Lock()
        self._clients: dict[str, BaseClient] = {}
        self._payer = {"RequestPayer": "requester"} if place.requester_pays else {}

    def pages(self) -> Iterator[list[Entry]]:
        """Yield what is below the prefix, some hundreds at a time, in the order of the bytes of the keys.

        Raises:
            Unavailable: the listing is not complete.

        """
        more: dict[str, str] = {}
        seen: set[int] = set()
        empty = 0
        while True:
            answer = self._ask(
                "list_objects_v2", Prefix=self.place.prefix, MaxKeys=self._page, **more, **self._payer
            )
            entries = self._entries(answer)
            if any(not one.key.startswith(self.place.prefix) for one in entries):
                raise Unavailable(f"{self._where}: it lists what was not asked for")
            yield entries
            if not answer.get("IsTruncated"):
                return
            token = answer.get("NextContinuationToken", "")
            empty = 0 if entries else empty + 1
            if not token or hash(token) in seen or empty > _EMPTY:
                raise Unavailable(f"{self._where}: its listing does not go on")
            seen.add(hash(token))  # a number for each page: a token may be long
            more = {"ContinuationToken": token}

    def find(self, key: str) -> Entry | None:
        """Return an object as it is now; None if it is gone.

        It is listed, not asked for its head: a head is refused where the object is encrypted with a key of its
        owner's, and a refused head does not tell whether there is such an object.
        """
        answer = self._ask("list_objects_v2", Prefix=key, MaxKeys=1, **self._payer)
        return next((one for one in self._entries(answer) if one.key == key), None)

    def acl(self, key: str) -> Acl | str | None:
        """Return the access list of an object; why it cannot be read; None if the object is gone."""
        try:
            return lists.parse(self._ask("get_object_acl", Key=key, **self._payer))
        except NotFound:
            return None
        except Unavailable as error:
            if error.code == "none":
                return Acl("", ())  # a store without access lists
            if error.code != "refused":
                raise
            return f"its access list cannot be read: {error}"
        except Invalid as error:
            return str(error)

    def bucket(self) -> Bucket:
        """Return what counts for every object."""
        text, problem = self._policy()
        parsed = None
        if not problem:
            try:
                parsed = policies.parse(text, self.place.bucket) if text else policies.BucketPolicy()
            except Invalid as error:
                problem = f"the bucket policy is not understood: {error}"
        return Bucket(
            policy=parsed,
            block=self._block("s3").join(self._account_block()),
            acl=self._own_acl(),
            enforced=self._enforced(),
            problem=problem,
        )

    def read(self, key: str, limit: int) -> bytes:
        """Return the bytes of an object, all of one version.

        Raises:
            NotFound: it is gone.
            TooLarge: it has more than `limit` bytes.
            Conflict: it was changed while it was read.
            Unavailable: the store refuses, or breaks off again and again.

        """
        answer: Mapping[str, Any] = self._ask("get_object", Key=key, **self._payer)
        tag, length = answer.get("ETag"), answer.get("ContentLength")
        if not isinstance(length, int) or not tag:
            answer["Body"].close()
            raise Unavailable(f"{self._where}: what it says of an object is malformed")
        if length > limit:
            answer["Body"].close()
            raise TooLarge(f"it has more than {limit} bytes")
        data = bytearray()
        for again in range(_RESUMED + 1):
            if again:
                answer = self._rest(key, tag, len(data), length)
            _take(answer["Body"], data, length)
            if len(data) == length:
                return bytes(data)
        raise Unavailable(f"{self._where}: it breaks off in the middle of an object")

    def whole(self, key: str, limit: int) -> bytes:
        """Return what `read` does, tried again where the object was changed in between.

        Raises:
            NotFound, TooLarge, Unavailable: as `read`; it may change all the time, too.

        """
        for _ in range(_CHANGED):
            try:
                return self.read(key, limit)
            except Conflict:
                continue
        raise Unavailable(f"{self._where}: an object changes all the time")

    def close(self) -> None:
        """Let go of connections."""
        with self._lock:
            for client in self._clients.values():
                client.close()
            self._clients.clear()

    def _entries(self, answer: Mapping[str, Any]) -> list[Entry]:
        found = answer.get("Contents", ())
        if len(found) > _PAGE * self._page:
            raise Unavailable(f"{self._where}: its listing has more in it than was asked for")
        try:
            return [_entry(one["Key"], one["Size"], one["ETag"], one["LastModified"]) for one in found]
        except (KeyError, ValueError) as error:
            raise Unavailable(f"{self._where}: its listing is malformed") from error

    @property
    def _where(self) -> str:
        return f"the bucket `{self.place.bucket}`"

    def _rest(self, key: str, tag: str, start: int, length: int) -> Mapping[str, Any]:
        """Ask for what is missing of the same version. Raises Conflict if there is another one now."""
        if start == 0:
            return self._ask("get_object", Key=key, IfMatch=tag, **self._payer)
        answer = self._ask("get_object", Key=key, IfMatch=tag, Range=f"bytes={start}-{length - 1}", **self._payer)
        if answer.get("ContentRange") != f"bytes {start}-{length - 1}/{length}":
            answer["Body"].close()
            raise Unavailable(f"{self._where}: it answers with another part of an object than the one asked for")
        return answer

    def _policy(self) -> tuple[str, str]:
        """Return the text of the bucket policy, empty without one; and why it cannot be read."""
        try:
            answer = self._optional(lambda: self._ask("get_bucket_policy"))
        except Unavailable as error:
            if error.code != "refused":
                raise
            return "", f"the bucket policy cannot be read: {error}"
        text = "" if answer is None else answer.get("Policy")
        return (text, "") if isinstance(text, str) else ("", "the bucket policy is malformed")

    def _own_acl(self) -> Acl | None:
        """Return the access list of the bucket itself; None if it cannot be read."""
        try:
            return lists.parse(self._optional(lambda: self._ask("get_bucket_acl")) or {})
        except Unavailable as error:
            if error.code != "refused":
                raise
        except Invalid:
            pass
        return None

    def _enforced(self) -> bool:
        """Tell whether access lists are out of force. Where that cannot be asked, they are looked at."""
        try:
            answer = self._optional(lambda: self._ask("get_bucket_ownership_controls")) or {}
        except Unavailable as error:
            if error.code != "refused":
                raise
            return False
        rules = answer.get("OwnershipControls", {}).get("Rules", [])
        return [one.get("ObjectOwnership") for one in rules] == ["BucketOwnerEnforced"]

    def _account_block(self) -> Block:
        """Return what the owner's account blocks. A compatible store has no accounts, unless one is named."""
        if self.place.account:
            return self._block("s3control")
        return lists.UNKNOWN if not self.place.endpoint else Block()

    def _block(self, service: str) -> Block:
        of = {"AccountId": self.place.account} if service == "s3control" else {}
        try:
            answer = self._optional(lambda: self._ask("get_public_access_block", service, **of))
        except Unavailable as error:
            if error.code != "refused":
                raise
            return lists.UNKNOWN
        return Block() if answer is None else lists.block(answer)

    def _optional(self, ask: Callable[[], Mapping[str, Any]]) -> Mapping[str, Any] | None:
        """Return an answer; None where the store says that there is no such thing."""
        try:
            return ask()
        except Unavailable as error:
            if error.code == "none":
                return None
            raise

    def _ask(self, operation: str, service: str = "s3", **given: Any) -> dict[str, Any]:
        """Make one request.

        Raises:
            NotFound: there is no such object.
            Conflict: it is another version now.
            Unavailable: it failed. With `code` `refused` the store answered and did not want to; with `none` it
                says that there is no such setting.

        """
        client = self._client(service)
        from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

        if service == "s3":
            given["Bucket"] = self.place.bucket
        try:
            answer: dict[str, Any] = getattr(client, operation)(**given)
            return answer
        except ParamValidationError as error:
            raise NotFound("no such object") from error
        except ClientError as error:
            raise self._refusal(error.response) from None
        except BotoCoreError as error:
            raise Unavailable(f"{self._where}: it cannot be asked: {type(error).__name__}") from None
        except (ValueError, TypeError, LookupError, OverflowError) as error:  # an answer that boto3 trips over
            raise Unavailable(f"{self._where}: its answer is malformed: {type(error).__name__}") from None

    def _refusal(self, response: Mapping[str, Any]) -> LockgateError:
        code = str(response.get("Error", {}).get("Code", ""))
        status = response.get("ResponseMetadata", {}).get("HTTPStatusCode")
        if code in _NONE or code in _ABSENT:
            return Unavailable(f"{self._where}: there is no such setting", code="none")
        if code in _GONE:
            return NotFound("it is gone")
        if status == 412:
            return Conflict("it was changed while it was read")
        shown = code if _CODE.fullmatch(code) else "an unknown error"
        denied = status in (400, 401, 403, 405)
        return Unavailable(
            f"{self._where}: the store answers {shown}",
            code="refused" if denied else None,
            remedy="Check the credentials of Lockgate and what they may do there." if denied else "",
        )

    def _client(self, service: str) -> BaseClient:
        with self._lock:
            if service not in self._clients:
                self._clients[service] = self._made(service)
            return self._clients[service]

    def _made(self, service: str) -> BaseClient:
        try:
            import boto3
            from botocore.config import Config
            from botocore.exceptions import BotoCoreError
        except ImportError as error:
            raise Unavailable(
                f"the package `{error.name}` is not installed", remedy="Install `lockgate[s3]`."
            ) from error
        place = self.place
        config = Config(
            connect_timeout=10,
            read_timeout=60,
            max_pool_connections=LANES,
            retries={"mode": "standard", "total_max_attempts": _TRIES},
            s3={"addressing_style": "path" if place.endpoint else "auto"},
        )
        try:
            session = boto3.session.Session(profile_name=place.profile or None, region_name=place.region or None)
            region = session.region_name or "us-east-1"
            return session.client(service, region_name=region, endpoint_url=place.endpoint or None, config=config)
        except (BotoCoreError, ValueError) as error:
            raise Unavailable(f"{self._where}: it cannot be asked: {type(error).__name__}") from None


def _entry(key: str, size: int, tag: str, changed: datetime) -> Entry:
    """Return an object. Its tag alone is no revision: two texts can have one MD5. Raises ValueError."""
    if int(size) < 0:
        raise ValueError("a size below nothing")
    return Entry(key, int(size), f"{tag.strip(chr(34))}-{int(changed.timestamp())}-{int(size)}", changed)


def _take(body: Any, data: bytearray, length: int) -> None:
    """Read what a body has, up to `length` bytes in all; where it breaks off, what came stays."""
    from botocore.exceptions import BotoCoreError

    try:
        while len(data) < length and (block := body.read(min(_BLOCK, length - len(data)))):
            data += block
    except BotoCoreError:
        return
    finally:
        body.close()
