"""What Zalo says of our Official Account, asked once a day: its kind, its plan and until when that is paid.

The kind decides over which path consultation messages go: a state agency (`oa_type` 4) is refused by v3 with -235, a
business by v2 with -240 (zalo.md 0). The first such refusal is believed more than the kind, and commune.toml more than
both. A plan that ends takes the whole API away without a word, so the operator is told beforehand; the same for the
grant, should it ever grow old.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Literal, Self

import structlog
from sqlalchemy import Connection

from bot.channels.zalo_grant import NAME, Grant, Home
from bot.channels.zalo_request import Refused, ident, number
from bot.commune_zalo import ZaloTerms
from bot.errors import SendError
from bot.settings import ZONE
from messages.reply import Msg, _
from storage import accounts, grants, ticks

log = structlog.get_logger(__name__)

Path = Literal["v3_cs", "v2_message"]
STATE_AGENCY = 4
GETOA = "/v2.0/oa/getoa"
DAY = timedelta(days=1)
LOOK = 600.0
WARNED = (30, 7, 1, 0)
"""Days before the end on which the operator is told."""


@dataclass(frozen=True)
class About:
    """An Official Account, as `getoa` describes it; what it does not say is "" or None."""

    id: str = ""
    name: str = ""
    kind: int | None = None
    verified: bool | None = None
    plan: str = ""
    valid_until: date | None = None
    cloud_account: str = ""

    @classmethod
    def read(cls, said: Any) -> Self:
        """Numbers may be strings, dates come in more than one form, and any field may be missing."""
        said = said if isinstance(said, Mapping) else {}
        verified = said.get("is_verified")
        return cls(
            id=ident(said.get("oaid") or said.get("oa_id")),
            name=ident(said.get("name")),
            kind=number(said.get("oa_type")),
            verified=None if verified is None else str(verified).lower() in ("true", "1"),
            plan=ident(said.get("package_name")),
            valid_until=read_date(said.get("package_valid_through_date")),
            cloud_account=ident(said.get("linked_ZCA")),
        )

    @property
    def path(self) -> Path:
        """Over which consultation messages probably go."""
        return "v2_message" if self.kind == STATE_AGENCY else "v3_cs"


def read_date(value: object) -> date | None:
    """A day as Zalo may write it: dd/mm/yyyy, ISO, or milliseconds."""
    if (stamp := number(value)) is not None:
        return datetime.fromtimestamp(stamp / 1000, ZONE).date() if 10**11 < stamp < 10**13 else None
    words = ident(value).strip()[:10]
    for form in ("%d/%m/%Y", "%Y-%m-%d"):
        try:
            return datetime.strptime(words, form).replace(tzinfo=ZONE).date()
        except ValueError:
            continue
    return None


class OfficialAccount:
    """Our Official Account. `told` brings a sentence to the operator; `terms` are those of commune.toml."""

    def __init__(self, grant: Grant, home: Home, told: Callable[[Msg], None], account: str, terms: ZaloTerms) -> None:
        self._grant, self._home, self._told, self._terms = grant, home, told, terms
        self._whose = grants.Account(home.commune_id, NAME, account)
        self._found: dict[str, Any] = {}

    @property
    def path(self) -> Path:
        """Over which consultation messages go."""
        if self._terms.send_path != "auto":
            return self._terms.send_path
        path: Path = self._found.get("send_path") or self._found.get("path") or "v3_cs"
        return path

    @property
    def id(self) -> str:
        """The id that stands in events; "" while Zalo has never said it."""
        return str(self._found.get("id", ""))

    async def remember(self) -> None:
        """What is known from before."""
        found = await self._home.database.read(accounts.said, *self._key)
        self._found = dict(found.get("oa", {})) | {"send_path": found.get("send_path")}

    async def other_path(self) -> Path:
        """This path was refused with -235 or -240: from now on the other one."""
        path: Path = "v3_cs" if self.path == "v2_message" else "v2_message"
        self._found["send_path"] = path
        await self._home.database.write(accounts.say, *self._key, "send_path", path, self._home.now())
        log.warning("zalo_send_path", path=path)
        return path

    async def keep(self) -> None:
        """Look once a day, for ever: what the holder of the lease does. Never raises."""
        last: datetime | None = None
        while True:
            try:
                now = self._home.now()
                if last is None or now - last >= DAY:
                    await self.look()
                    last = now
            except (Refused, SendError) as error:
                log.warning("zalo_account_not_read", error=type(error).__name__)
            except Exception as error:
                log.error("zalo_account_not_kept", error=type(error).__name__)
            await asyncio.sleep(LOOK)

    async def look(self) -> About:
        """Ask Zalo, keep what it says, tell what ends soon; raises as `Grant.call` does."""
        await self._warn_of_grant()
        about = About.read(await self._grant.call("GET", GETOA))
        kept = {
            "id": about.id,
            "name": about.name,
            "kind": about.kind,
            "path": about.path,
            "verified": about.verified,
            "plan": about.plan,
            "valid_until": about.valid_until and about.valid_until.isoformat(),
            "cloud_account": about.cloud_account,
        }
        await self._home.database.write(accounts.say, *self._key, "oa", kept, self._home.now())
        await self.remember()
        if about.valid_until is not None:
            await self._warn("plan", about.valid_until)
        return about

    async def _warn_of_grant(self) -> None:
        pair = await self._home.database.read(grants.find, self._whose)
        if pair.obtained_at is not None and not pair.lost:
            await self._warn(
                "grant", (pair.obtained_at + timedelta(days=self._terms.grant_days)).astimezone(ZONE).date()
            )

    async def _warn(self, what: Literal["plan", "grant"], ends: date) -> None:
        """Told 30, 7 and 1 days before and when it is over, each once."""
        left = (ends - self._home.now().astimezone(ZONE).date()).days
        near = min((days for days in WARNED if left <= days), default=None)
        if near is None:
            return
        if await self._home.database.write(self._claim, f"zalo {what} {near}", ends):
            self._told(_plan_ends(ends) if what == "plan" else _grant_ends(ends))

    def _claim(self, db: Connection, job: str, ends: date) -> bool:
        return ticks.once(db, self._home.commune_id, job, datetime.combine(ends, time(), ZONE))

    @property
    def _key(self) -> tuple[int, str, str]:
        return self._whose.commune_id, self._whose.channel, self._whose.account


def _plan_ends(on: date) -> Msg:
    return _("The plan of the Official Account ends on {on}; then nothing more goes over Zalo. Please renew it.", on=on)


def _grant_ends(on: date) -> Msg:
    return _("Zalo lets the assistant in only until {on}. Please run: python -m bot zalo connect", on=on)
