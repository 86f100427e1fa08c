"""Files that people sent on Zalo: fetched at once from Zalo's own hosts, from nobody else's and never from our network.

The address stands in the event, so whoever could forge one would choose where we go: only https, only host names that
end as ZALO_MEDIA_HOSTS says, no redirect, and no address that is not public. That is judged where the connection is
made, because a name may mean another address the second time it is asked.
"""

import ipaddress
import socket
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import structlog
from aiohttp.abc import AbstractResolver, ResolveResult

from bot.channels.base import Lost
from bot.errors import Throttled, Unavailable

log = structlog.get_logger(__name__)

SECONDS = 60.0
CONNECT_SECONDS = 8.0
AT_ONCE = 8
BUSY = 30.0


class _Private(OSError):
    """A name that leads into some inner network."""


class _PublicOnly(AbstractResolver):
    """Resolves names, but gives only addresses that are public."""

    def __init__(self) -> None:
        self._asks = aiohttp.ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._asks.resolve(host, port, family)
        public = [each for each in found if ipaddress.ip_address(each["host"].partition("%")[0]).is_global]
        if not public:
            raise _Private("no public address")
        return public

    async def close(self) -> None:
        await self._asks.close()


class Downloads:
    """Fetches files. `hosts`: how the names of their hosts end; `on_trial`: this machine may be one."""

    def __init__(self, hosts: tuple[str, ...], on_trial: bool) -> None:
        self._hosts, self._on_trial = hosts, on_trial
        self._http: aiohttp.ClientSession | None = None

    async def fetch(self, source: str, most: int) -> bytes:
        """The bytes at an address; raises Lost when they are not to be had, else a SendError: try again."""
        if not self._allowed(source):
            log.warning("zalo_media_host_not_allowed")
            raise Lost("a host that is not allowed")
        limit = aiohttp.ClientTimeout(total=SECONDS, sock_connect=CONNECT_SECONDS)
        try:
            async with self._session.get(source, timeout=limit, allow_redirects=False) as answer:
                return await _read(answer, most)
        except aiohttp.InvalidURL:
            raise Lost("no address") from None
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            if isinstance(error.__cause__ or error, _Private) or isinstance(error, _Private):
                raise Lost("an address that is not public") from None
            raise Unavailable(type(error).__name__) from None

    def _allowed(self, source: str) -> bool:
        try:
            parts = urlsplit(source)
            host, port = (parts.hostname or "").lower().rstrip("."), parts.port
        except ValueError:
            return False
        if parts.username is not None or parts.password is not None:
            return False
        if self._on_trial and host in ("127.0.0.1", "localhost"):
            return parts.scheme in ("http", "https")
        ours = any(host == each.lstrip(".") or host.endswith(f".{each.lstrip('.')}") for each in self._hosts)
        return parts.scheme == "https" and port in (None, 443) and ours

    async def close(self) -> None:
        http, self._http = self._http, None
        if http is not None:
            await http.close()

    @property
    def _session(self) -> aiohttp.ClientSession:
        if self._http is None:
            # On this machine's stand-in the address is a number, or "localhost", which is not public.
            resolver: Any = None if self._on_trial else _PublicOnly()
            connector = aiohttp.TCPConnector(limit=AT_ONCE, resolver=resolver)
            self._http = aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())
        return self._http


async def _read(answer: aiohttp.ClientResponse, most: int) -> bytes:
    if answer.status == 429:
        raise Throttled(BUSY)
    if answer.status >= 500:
        raise Unavailable(f"HTTP {answer.status}")
    if answer.status != 200:
        raise Lost(f"HTTP {answer.status}")  # gone (404, 410), expired, or somewhere else by now
    chunks, size = list[bytes](), 0
    async for chunk in answer.content.iter_chunked(1 << 16):
        size += len(chunk)
        if size > most:
            raise Lost("too large")
        chunks.append(chunk)
    return b"".join(chunks)
