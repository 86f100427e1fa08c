"""The right to act for the Official Account: an access token of 25 hours, and a refresh token that is good once.

A refresh that two do at once, or whose answer is lost, costs the grant, and then an administrator has to consent again
(zalo.md 1.3). So: one refresh at a time in a process (`_refreshed`) and between processes (`storage.grants.ask`); the
new pair is committed before anybody uses it; a body without an access token never takes the place of a pair; whoever
comes too late reads the pair that won. The holder of the account's lease refreshes early (`keep`); any process does it
when its token no longer opens.

A lost grant is told once. Meanwhile messages wait, and they go on by themselves when `zalo connect` has stored a new
pair, because whoever finds no good token looks into the database.
"""

import asyncio
import base64
import hashlib
import secrets
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol, TypeVar
from urllib.parse import urlencode

import structlog

from bot.channels.zalo_request import Kind, Refused, Wire, meaning, number, unknown
from bot.errors import NeedsPerson, SendError, Unavailable, Uncertain
from bot.settings import Settings
from messages.reply import Msg, _
from storage import grants
from storage.db import Database, temporary
from storage.grants import Asked, Pair
from storage.sealing import keys

log = structlog.get_logger(__name__)
T = TypeVar("T")

NAME = "zalo"
CALLBACK = "/zalo/callback"
EARLY = timedelta(hours=12)
"""How old an access token gets at most: refreshed twice a day, also at rest, the grant of 3 months never runs out."""
EARLY_PART = 0.8  # of its life: 20 of 25 hours
USUAL_LIFE = 90_000
SPARE = timedelta(minutes=1)
"""An access token that ends sooner is not used any more."""
ASK_SECONDS = 60.0
"""How long nobody else asks: longer than a request takes (zalo.md 1.3, S:CHATBOTX)."""
LOOK = 30.0
BUSY_LOOK = 0.2
PATIENCE = 5.0
"""How long a message waits for a token: with the request itself less than the sender's patience, or it would count as
one that may have arrived (bot.outbox.HTTP_TIMEOUT).
"""
AGAIN = 60.0
"""Seconds after which a message that waits for a person is tried again."""
LONGEST_REST = 60.0
PROBE_AGAIN = 600.0
MISFIT_REST = 600.0
CLOSING = 5.0

NOBODY = _("Nobody has connected the Official Account yet. Please run: python -m bot zalo connect")
MISFIT = _("Zalo does not accept ZALO_APP_ID or ZALO_APP_SECRET. Please correct them and restart the service.")


def lost(pair: Pair) -> Msg:
    """What the operator is told of a lost grant: once, in one sentence."""
    at = pair.lost_at or datetime.now(UTC)
    match pair.lost:
        case "unanswered":
            return _(
                "Since {at} messages on Zalo wait, because the service was interrupted just when Zalo changed our key; "
                "please run: python -m bot zalo connect",
                at=at,
            )
        case "withdrawn":
            return _(
                "Since {at} messages on Zalo wait, because the Official Account has taken back its consent; "
                "please run: python -m bot zalo connect",
                at=at,
            )
    return _(
        "Since {at} messages on Zalo wait, because Zalo does not accept our key any more; "
        "please run: python -m bot zalo connect",
        at=at,
    )


class Home(Protocol):
    """What is needed of the process around it (bot.channels.base.Post has it, and so has a command)."""

    @property
    def database(self) -> Database: ...
    @property
    def commune_id(self) -> int: ...
    @property
    def now(self) -> Callable[[], datetime]: ...


class Grant:
    """The grant of one app for one Official Account. `told` brings a sentence to the operator (Told)."""

    def __init__(self, settings: Settings, wire: Wire, home: Home, told: Callable[[Msg], None]) -> None:
        self._settings, self._wire, self._home, self._told = settings, wire, home, told
        self._whose = grants.Account(home.commune_id, NAME, settings.zalo_app_id)
        self._who = secrets.token_hex(16)
        self._pair = grants.NOTHING
        self._worn = ""  # an access token that does not open any more, whatever its time says
        self._task: asyncio.Task[Pair] | None = None
        self._rests: tuple[float, SendError] | None = None  # nobody asks Zalo before that moment of the loop
        self._failures = 0
        self._probed: float | None = None

    # --- for whoever makes a request ----------------------------------------------------------------------------------

    async def token(self) -> str:
        """An access token that should open; raises NeedsPerson (everything waits for him) or Unavailable."""
        if not self._good(self._pair):
            await self._look()
        pair = self._pair if self._good(self._pair) else await self._refreshed(self._pair.generation)
        return pair.access

    async def renew(self, token: str) -> str:
        """Zalo does not accept `token`: the one that has taken its place, or a fresh one; raises as `token` does."""
        self._worn = token
        return await self.token()

    async def call(self, method: str, path: str, **more: Any) -> Any:
        """`Wire.call` with our token, once more with another when it has just lost its worth; raises as both do."""
        token = await self.token()
        try:
            return await self._wire.call(method, path, token, **more)
        except Refused as refused:
            found = meaning(refused.code, bool(more.get("business")))
            if refused.code == NOT_ALLOWED and self._may_probe():
                await self.renew(token)
            if found is None or found.kind is not Kind.REFRESH:
                raise
        fresh = await self.renew(token)
        if "form" in more:
            raise Unavailable("a form goes only once")
        return await self._wire.call(method, path, fresh, **more)

    def _may_probe(self) -> bool:
        """Whether a refresh may show what -223 means: that the whole grant is lost, or that one permission is missing;
        the other then stays as it is, so now and then is enough.
        """
        now = asyncio.get_running_loop().time()
        if self._probed is not None and now - self._probed < PROBE_AGAIN:
            return False
        self._probed = now
        return True

    async def withdrawn(self, at: datetime) -> None:
        """The Official Account has taken its consent back (event `permission_revoked`); an old event changes nothing
        about a newer consent.
        """
        self._pair = await self._written(grants.withdraw, self._whose, at)
        await self._tell()

    # --- keeping it ---------------------------------------------------------------------------------------------------

    async def keep(self) -> None:
        """Refresh early, for ever: what the holder of the lease does. Never raises."""
        while True:
            try:
                await self.look_after()
            except SendError:
                pass  # whoever has to know has been told
            except Exception as error:
                log.error("zalo_grant_not_kept", error=type(error).__name__)
            await asyncio.sleep(LOOK)

    async def look_after(self) -> None:
        """Refresh when it is time; what is lost is told. Raises as `token` does."""
        await self._look()
        pair = self._pair
        due = pair.obtained_at is None or pair.expires_at is None or self._is_due(pair.obtained_at, pair.expires_at)
        if due or pair.lost:
            await self._refreshed(pair.generation)

    def _is_due(self, obtained_at: datetime, expires_at: datetime) -> bool:
        return self._home.now() >= obtained_at + min(EARLY, EARLY_PART * (expires_at - obtained_at))

    async def close(self) -> None:
        """Let a refresh that is under way come to its end: its answer cannot be had twice."""
        if self._task is not None and not self._task.done():
            await asyncio.wait([self._task], timeout=CLOSING)
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _look(self) -> None:
        try:
            found = await self._home.database.read(grants.find, self._whose)
        except Exception as error:
            raise _away(error) from None
        if found.generation >= self._pair.generation:  # else this look began before the pair was stored that we have
            self._pair = found

    def _good(self, pair: Pair) -> bool:
        usable = bool(pair.access) and pair.access != self._worn
        return usable and pair.expires_at is not None and pair.expires_at - SPARE > self._home.now()

    async def _written(self, work: Callable[..., T], *args: Any) -> T:
        try:
            return await self._home.database.write(work, *args)
        except Exception as error:
            raise _away(error) from None

    # --- refreshing ---------------------------------------------------------------------------------------------------

    async def _refreshed(self, beyond: int) -> Pair:
        """The pair that comes after the one of generation `beyond`. Whoever waits here waits for the same refresh, and
        nobody who gives up ends it.
        """
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._refresh(beyond))
            self._task.add_done_callback(lambda task: task.cancelled() or task.exception())
        try:
            async with asyncio.timeout(PATIENCE):
                return await asyncio.shield(self._task)
        except TimeoutError:
            raise Unavailable("no token yet") from None

    async def _refresh(self, beyond: int) -> Pair:
        if self._rests is not None and asyncio.get_running_loop().time() < self._rests[0]:
            raise self._rests[1]
        asked = await self._ask(beyond)
        if isinstance(asked, Pair):
            return await self._take(asked)
        try:
            said = await self._wire.token(
                grant_type="refresh_token", refresh_token=asked.refresh, app_id=self._settings.zalo_app_id
            )
        except Refused as refused:
            return await self._refused(asked, refused)
        except SendError as error:
            await self._let_go(asked, isinstance(error, Uncertain))
            log.warning("zalo_grant_unanswered", error=type(error).__name__)
            raise self._rest(Unavailable("the token host does not answer")) from None
        access, refresh, life = _read(said, asked.refresh)
        now = self._home.now()
        saved = await _at_last(
            lambda: self._home.database.write(
                grants.save, self._whose, asked, access, refresh, now, now + timedelta(seconds=life)
            )
        )
        self._failures, self._rests = 0, None
        log.info("zalo_grant_renewed", generation=saved.generation)
        return await self._take(saved)

    async def _ask(self, beyond: int) -> Asked | Pair:
        first = self._settings.zalo_refresh_token
        while True:
            now = datetime.now(UTC)
            until = now + timedelta(seconds=ASK_SECONDS)
            asked = await self._written(grants.ask, self._whose, beyond, first, self._who, now, until)
            if asked is not None:
                return asked
            await asyncio.sleep(BUSY_LOOK)

    async def _take(self, pair: Pair) -> Pair:
        """This pair stands; raises when it does not open anything."""
        self._pair = pair
        await self._tell()
        if self._good(pair):
            return pair
        if pair.lost:
            raise NeedsPerson(f"the grant is lost: {pair.lost}", after=AGAIN, told=True)
        if not pair.refresh:
            self._told(NOBODY)
            raise NeedsPerson("nobody has consented", after=AGAIN, told=True)
        raise Unavailable("a fresh token that does not open")  # another program uses the same grant

    async def _tell(self) -> None:
        if self._pair.lost and not self._pair.told and await self._written(grants.tell, self._whose, self._home.now()):
            log.warning("zalo_grant_lost", why=self._pair.lost)
            self._told(lost(self._pair))

    async def _refused(self, asked: Asked, refused: Refused) -> Pair:
        if refused.code == BAD_TOKEN:
            now = self._home.now()
            stands = await _at_last(lambda: self._home.database.write(grants.refuse, self._whose, asked, now))
            return await self._take(stands)
        await self._let_go(asked, False)
        log.error("zalo_grant_refused", number=refused.code, why=refused.words)
        if refused.code in MISFITS:
            self._told(MISFIT)
            raise self._rest(NeedsPerson(str(refused), after=AGAIN, told=True), MISFIT_REST)
        self._told(unknown(refused.code))
        raise self._rest(Unavailable(str(refused)))

    async def _let_go(self, asked: Asked, unanswered: bool) -> None:
        with suppress(SendError):  # the database is away: our time to ask runs out by itself
            await self._written(grants.let_go, self._whose, asked, unanswered)

    def _rest(self, why: SendError, seconds: float = 0.0) -> SendError:
        self._failures += 1
        seconds = seconds or min(LONGEST_REST, 2.0 ** min(self._failures - 1, 10))
        self._rests = asyncio.get_running_loop().time() + seconds, why
        return why

    # --- consent ------------------------------------------------------------------------------------------------------

    async def challenge(self) -> str:
        """What stands in the link and in Zalo's console: the digest of a verifier that only we know (PKCE)."""
        digest = hashlib.sha256((await self._verifier()).encode()).digest()
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")

    async def _verifier(self) -> str:
        """43 letters made from SECRET_KEY: always the same, because the console may hold the challenge to them."""
        secret = await self._home.database.read(lambda db: keys(db).token("zalo code verifier"))
        return base64.urlsafe_b64encode(bytes.fromhex(secret)).decode().rstrip("=")

    async def link(self, redirect: str, state: str) -> str:
        """Where an administrator of the Official Account consents; Zalo then sends his browser to `redirect`."""
        asked = {
            "app_id": self._settings.zalo_app_id,
            "redirect_uri": redirect,
            "code_challenge": await self.challenge(),
            "state": state,
        }
        return f"{self._settings.zalo_oauth_url}/v4/oa/permission?{urlencode(asked)}"

    async def exchange(self, code: str) -> None:
        """He has consented: the code becomes the pair. Raises Refused, or a SendError when nothing has come of it."""
        await self._spend(grant_type="authorization_code", code=code, code_verifier=await self._verifier())

    async def adopt(self, refresh_token: str) -> None:
        """A refresh token that the API Explorer has shown becomes a pair of ours; raises as `exchange` does."""
        await self._spend(grant_type="refresh_token", refresh_token=refresh_token)

    async def _spend(self, **form: str) -> None:
        said = await self._wire.token(app_id=self._settings.zalo_app_id, **form)
        access, refresh, life = _read(said, form.get("refresh_token", ""))
        now = self._home.now()
        ends = now + timedelta(seconds=life)
        self._pair = await _at_last(
            lambda: self._home.database.write(grants.consented, self._whose, access, refresh, now, ends)
        )
        self._rests, self._worn = None, ""
        log.info("zalo_connected", generation=self._pair.generation)


BAD_TOKEN, NOT_ALLOWED = -14014, -223
MISFITS = (-14002, -14003, -14004)
"""zalo.md 1.2; what implementers report."""


def _read(said: dict[str, Any], spent: str) -> tuple[str, str, int]:
    """Access token, refresh token and seconds of a good answer, of which only the access token is sure to be there."""
    refresh = said.get("refresh_token")
    if not isinstance(refresh, str) or not refresh:
        log.error("zalo_pair_without_refresh_token")
        refresh = spent
    life = number(said.get("expires_in"))
    return said["access_token"], refresh, life if life is not None and life > 0 else USUAL_LIFE


async def _at_last(work: Callable[[], Awaitable[T]]) -> T:
    """What cannot be had twice is stored, however long the database is away."""
    while True:
        try:
            return await work()
        except Exception as error:
            if not temporary(error):
                raise
            log.warning("zalo_pair_waits_for_the_database", error=type(error).__name__)
        await asyncio.sleep(1.0)


def _away(error: Exception) -> Exception:
    return Unavailable("the database") if temporary(error) else error
