"""The wire to Telegram's Bot API: one HTTP request, and what its answer means.

Nothing here knows the library, so `check` and the hot path do without it. Every failure leaves as one of `bot.errors`
or as `Refused`; neither their words nor their causes hold the token, which stands in every address.
"""

import json
from collections.abc import Awaitable, Mapping
from contextlib import suppress
from typing import Any

import aiohttp
import orjson

from bot import logs
from bot.errors import Gone, NeedsPerson, Rejected, SendError, Throttled, Unavailable, Uncertain, Unreachable

SECONDS = 20.0
"""How long a request may take; shorter than the sender's patience (bot.outbox.HTTP_TIMEOUT)."""
CONNECT_SECONDS = 8.0
CONNECTIONS = 48
"""More than the sender ever has in flight, so that polls and signs never wait for one."""
_WORDS_KEPT = 150  # letters of Telegram's own description in an error
_NOBODY = ("chat not found", "user not found", "peer_id_invalid", "group chat was deactivated", "user is deactivated")
_GONE = ("message to edit not found", "message can't be edited", "message_id_invalid", "message identifier is not")


class Refused(Exception):
    """Telegram answered, and the answer is no: HTTP status, its description, its parameters."""

    def __init__(self, status: int, words: str = "", parameters: Mapping[str, Any] | None = None) -> None:
        self.status, self.words, self.parameters = status, logs.redact(words)[:_WORDS_KEPT], parameters or {}
        super().__init__(f"{status} {self.words}".strip())

    def says(self, *words: str) -> bool:
        """Whether the description holds one of these, whatever its capitals."""
        return any(each.lower() in self.words.lower() for each in words)

    @property
    def retry_after(self) -> float:
        """Seconds Telegram asks us to wait."""
        after = self.parameters.get("retry_after")
        return float(after) if isinstance(after, int | float) and after > 0 else 1.0

    @property
    def moved_to(self) -> str:
        """The new id of a group that has become a supergroup, or ""."""
        return str(self.parameters.get("migrate_to_chat_id") or "")


class TooLarge(Exception):
    """A download is larger than it may be."""


class Wire:
    """Requests of one bot over connections that are kept. `url`: the server's, without a last slash."""

    def __init__(self, url: str, token: str) -> None:
        self.base, self.base_files = f"{url}/bot", f"{url}/file/bot"
        self._methods, self._files = f"{self.base}{token}", f"{self.base_files}{token}"
        self._http: aiohttp.ClientSession | None = None

    async def call(self, method: str, asked: Mapping[str, Any] | None = None, seconds: float = SECONDS) -> Any:
        """The result of a method; raises Refused, Unavailable, Uncertain."""
        return result(*await self.post(f"{self._methods}/{method}", orjson.dumps(asked or {}), seconds))

    async def post(self, url: str, body: bytes | aiohttp.FormData, seconds: float = SECONDS) -> tuple[int, bytes]:
        """Status and body of an answer, whatever they are; raises Unavailable, Uncertain."""
        headers = {"Content-Type": "application/json"} if isinstance(body, bytes) else None
        try:
            async with self._session.post(
                url, data=body, headers=headers, timeout=_timeout(seconds), allow_redirects=False
            ) as answer:
                return answer.status, await answer.read()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise _broken(error) from None

    async def get(self, path: str, most: int) -> bytes:
        """The bytes of a file by its `file_path`; raises Refused, TooLarge, Unavailable (asking twice harms nobody)."""
        try:
            async with self._session.get(
                f"{self._files}/{path}", timeout=_timeout(SECONDS), allow_redirects=False
            ) as answer:
                if answer.status != 200:
                    raise Refused(answer.status, answer.reason or "")
                return await _whole(answer, most)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Unavailable(type(error).__name__) from None

    async def close(self) -> None:
        http, self._http = self._http, None
        if http is not None:
            await http.close()

    @property
    def _session(self) -> aiohttp.ClientSession:
        if self._http is None:
            self._http = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=CONNECTIONS))
        return self._http


def _timeout(seconds: float) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(total=seconds, sock_connect=CONNECT_SECONDS)


async def _whole(answer: aiohttp.ClientResponse, most: int) -> bytes:
    chunks, size = [], 0
    async for chunk in answer.content.iter_chunked(1 << 16):
        size += len(chunk)
        if size > most:
            raise TooLarge
        chunks.append(chunk)
    return b"".join(chunks)


def _broken(error: Exception) -> SendError:
    """Whether a request without an answer can have arrived. Only the kind is told: the words may hold the address."""
    certain = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)
    return Unavailable(type(error).__name__) if isinstance(error, certain) else Uncertain(type(error).__name__)


def loads(raw: bytes) -> Any:
    """JSON as Telegram writes it; halves of letters, which only the slower reader takes, pass. Raises ValueError."""
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        return json.loads(raw)


def dumps(value: Any) -> bytes:
    """The same the other way."""
    try:
        return orjson.dumps(value)
    except TypeError:
        return json.dumps(value).encode()


def result(status: int, raw: bytes) -> Any:
    """What an answer brought; raises Refused, or Uncertain when it cannot be read."""
    try:
        said = loads(raw)
    except (ValueError, RecursionError):
        said = None
    if isinstance(said, dict) and said.get("ok") is True and "result" in said:
        return said["result"]
    if isinstance(said, dict) and said.get("ok") is False:
        code, parameters = said.get("error_code"), said.get("parameters")
        raise Refused(
            code if isinstance(code, int) else status,
            str(said.get("description") or ""),
            parameters if isinstance(parameters, dict) else None,
        )
    if status < 300:
        raise Uncertain("an answer that cannot be read")
    raise Refused(status)


def send_error(refused: Refused, revoked: str) -> SendError:
    """What a refusal means for a message (the table of `bot.errors`); `revoked` is told when the token is no good."""
    if refused.status == 429:
        return Throttled(refused.retry_after)
    if refused.status in (401, 404):
        return NeedsPerson(revoked)
    if refused.status == 403 or (refused.status == 400 and refused.says(*_NOBODY)):
        return Unreachable(refused.words)
    if refused.status == 400 and refused.says(*_GONE):
        return Gone(refused.words)
    if refused.status >= 500:
        return Uncertain(f"HTTP {refused.status}")
    return Rejected(str(refused.status), refused.words)


async def quietly(work: Awaitable[Any]) -> None:
    """Best effort: whatever becomes of it, nobody is told."""
    with suppress(Exception):
        await work
