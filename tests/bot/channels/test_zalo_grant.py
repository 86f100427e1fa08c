"""The right to act for the Official Account: renewed for ever, never spent twice, told once when it is lost."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest
from aiohttp import web
from multidict import MultiDict
from structlog.testing import capture_logs

from bot.channels import zalo_consent, zalo_grant
from bot.channels.zalo_account import About, OfficialAccount, read_date
from bot.channels.zalo_consent import CONNECTED, NO_ANSWER, NO_CODE, USED, Door, NotConnected
from bot.channels.zalo_grant import MISFIT, NOBODY, Grant
from bot.channels.zalo_request import Refused, Wire
from bot.clock import FixedClock
from bot.commune_zalo import ZaloTerms
from bot.errors import NeedsPerson, SendError, Unavailable
from bot.settings import ZONE, Settings
from messages.reply import Msg
from storage import accounts, grants
from storage.db import Database, Temporary, create_engine_for
from storage.grants import Account, Pair
from storage.ticks import tick
from tests import stores
from tests.zalo_oauth import APP_ID
from tests.zalo_server import CUT, DROP, GATEWAY, ZaloServer

START = datetime(2026, 11, 26, 9, 0, tzinfo=ZONE)
WHOSE = Account(1, "zalo", APP_ID)
TOKEN = "access_token"
CALLBACK = "https://xa.vn/zalo/callback"


@dataclass
class Process:
    """One process: its own connections, its own memory, its own operator's ear."""

    database: Database
    clock: FixedClock
    settings: Settings
    commune_id: int = 1
    told: list[Msg] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.wire = Wire(self.settings)
        self.grant = Grant(self.settings, self.wire, self, self.told.append)
        self.account = OfficialAccount(self.grant, self, self.told.append, APP_ID, ZaloTerms())

    @property
    def now(self) -> Callable[[], datetime]:
        return self.clock.now

    async def stored(self) -> Pair:
        return await self.database.read(grants.find, WHOSE)

    async def opens(self) -> bool:
        """Whether what the grant gives opens Zalo's door."""
        return bool(await self.grant.call("GET", "/v2.0/oa/getoa"))

    async def close(self) -> None:
        await self.grant.close()
        await self.wire.close()
        await self.database.close()


@dataclass
class Scene:
    """A database, Zalo, and processes between them; Zalo's clock is ours."""

    url: str
    folder: Path
    clock: FixedClock
    server: ZaloServer
    processes: list[Process] = field(default_factory=list)

    def process(self, **more: str) -> Process:
        environ = {"DATA_DIR": str(self.folder)} | self.server.environ | more
        database = Database(self.url, stores.KEYS, turns=1)
        self.processes.append(Process(database, self.clock, Settings.load(environ, env_file=None)))
        return self.processes[-1]

    def later(self, **by: float) -> None:
        self.clock.advance(timedelta(**by))

    def expire(self) -> None:
        """Zalo ends the access token before its time; the refresh token is good."""
        oauth = self.server.oauth
        oauth._good = dict.fromkeys(oauth._good, oauth._now() - 1)

    @property
    def refreshes(self) -> int:
        return len(self.server.called(TOKEN))


@pytest.fixture(scope="module", params=stores.BOTH)
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with stores.fresh(request.param, tmp_path_factory.mktemp("grant")) as made:
        yield made


@pytest.fixture
def url(database: str) -> str:
    """The database of all these tests, without what the one before has left."""
    engine = create_engine_for(database, stores.KEYS)
    with engine.begin() as db:
        for table in (grants.grant, grants.awaited, accounts.account_fact, tick):
            db.execute(table.delete())
    engine.dispose()
    return database


@pytest.fixture
async def scene(url: str, tmp_path: Path) -> AsyncIterator[Scene]:
    clock = FixedClock(START)
    async with ZaloServer(now=lambda: clock.now().timestamp()) as server:
        made = Scene(url, tmp_path, clock, server)
        yield made
        for each in made.processes:
            await each.close()


@pytest.fixture
async def one(scene: Scene) -> Process:
    return scene.process()


# --- the pair rotates by itself ---------------------------------------------------------------------------------------


async def test_the_first_token_comes_from_the_settings_and_the_next_ones_from_the_database(scene: Scene) -> None:
    """The setting is spent once; a process that starts later finds the pair."""
    first = scene.process()
    assert await first.opens()
    assert (await first.stored()).refresh == scene.server.oauth.refresh != first.settings.zalo_refresh_token
    assert await scene.process(ZALO_REFRESH_TOKEN=first.settings.zalo_refresh_token).opens()
    assert scene.refreshes == 1
    assert first.told == []


async def test_it_lies_sealed_and_the_pair_before_is_kept(scene: Scene, one: Process) -> None:
    """Neither token stands readable in the database, or in a log."""
    with capture_logs() as logged:
        await one.opens()
        before = scene.server.oauth.refresh
        scene.later(hours=13)
        await one.grant.look_after()

    def raw(db: Any) -> Any:
        return db.execute(grants.grant.select()).mappings().one()

    row = await one.database.read(raw)
    assert before.encode() not in bytes(row["previous"])
    assert scene.server.oauth.access.encode() not in bytes(row["pair"])
    assert before not in str(logged)
    assert scene.server.oauth.access not in str(logged)


async def test_a_year_of_rest_costs_nothing(scene: Scene, one: Process) -> None:
    """Whether or not anybody writes it is renewed twice a day; a refresh token of 90 days never gets old."""
    await one.opens()
    for time in range(2, 8):
        scene.later(hours=12)
        await one.grant.look_after()
        assert scene.refreshes == time
    for _month in range(12):
        scene.later(days=30)
        await one.grant.look_after()
    assert await one.opens()
    assert one.told == []


async def test_it_is_not_renewed_too_early(scene: Scene, one: Process) -> None:
    """Half an hour before its time nothing is asked."""
    await one.opens()
    scene.later(hours=11.5)
    await one.grant.look_after()
    assert scene.refreshes == 1


async def test_a_token_that_has_run_out_is_renewed_by_whoever_needs_it(scene: Scene, one: Process) -> None:
    """After two days without a process, or when Zalo ends it before its time."""
    await one.opens()
    scene.later(hours=48)
    assert await one.opens()
    scene.expire()
    assert await one.opens()
    assert scene.refreshes == 3


async def test_a_template_by_phone_renews_it_too(scene: Scene, one: Process) -> None:
    """That host says -124."""
    await one.opens()
    scene.expire()
    assert await one.grant.call("GET", "/message/quota", business=True)
    assert scene.refreshes == 2


async def test_a_refusal_that_is_none_of_the_token_changes_nothing(scene: Scene, one: Process) -> None:
    """Any other code goes to whoever asked."""
    await one.opens()
    scene.server.next("getoa", -224)
    with pytest.raises(Refused) as refused:
        await one.opens()
    assert (refused.value.code, scene.refreshes) == (-224, 1)


# --- one at a time ----------------------------------------------------------------------------------------------------


async def test_many_who_need_it_at_once_cause_one_refresh(scene: Scene, one: Process) -> None:
    """Fifty requests find the token worn in the same moment."""
    await one.opens()
    scene.expire()
    assert all(await asyncio.gather(*(one.opens() for _request in range(50))))
    assert scene.refreshes == 2


async def test_of_two_processes_one_refreshes_and_the_other_reads(scene: Scene) -> None:
    """Again and again at the very same moment, on one database: no token is spent twice, everybody can go on."""
    if not scene.url.startswith("postgresql"):
        pytest.skip("on SQLite there is one process")
    several = [scene.process() for _process in range(3)]
    for time in range(1, 8):
        assert await asyncio.gather(*(each.opens() for each in several)) == [True] * 3
        assert scene.refreshes == time
        scene.expire()
    assert [each.told for each in several] == [[], [], []]


async def test_a_look_that_began_before_the_pair_was_stored_changes_nothing(
    scene: Scene, one: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would bring back a token that is worth nothing, and with it one more refresh."""
    await one.opens()
    before = await one.stored()
    scene.expire()
    assert await one.opens()
    monkeypatch.setattr(grants, "find", lambda *_any: before)
    await one.grant._look()
    assert await one.opens()
    assert scene.refreshes == 2


async def test_whoever_gives_up_waiting_does_not_end_the_refresh(scene: Scene, one: Process) -> None:
    """A message that was cancelled, a process that stops: the answer is stored all the same."""
    scene.server.next(TOKEN, "later")
    waiting = asyncio.create_task(one.grant.token())
    await scene.server.until(lambda: scene.refreshes)
    waiting.cancel()
    closing = asyncio.create_task(one.grant.close())
    await asyncio.sleep(0.05)
    scene.server.let_go()
    await closing
    assert (await one.stored()).access == scene.server.oauth.access


async def test_a_message_does_not_wait_longer_than_it_may(
    scene: Scene, one: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It certainly has not left, so it is tried again; the refresh goes on."""
    monkeypatch.setattr(zalo_grant, "PATIENCE", 0.1)
    scene.server.next(TOKEN, "later")
    with pytest.raises(Unavailable):
        await one.grant.token()
    scene.server.let_go()
    await one.grant.close()
    assert await one.opens()
    assert scene.refreshes == 1


async def test_a_loser_of_the_race_reads_the_pair_that_won(scene: Scene, one: Process) -> None:
    """Another process stored its pair while ours was refused: that pair is used, and nobody is alarmed."""
    await one.opens()
    other = scene.process()
    whole = one.wire.token

    async def too_late(**form: str) -> dict[str, Any]:
        said = await other.wire.token(**form)
        now = scene.clock.now()
        pair = said["access_token"], said["refresh_token"], now, now + timedelta(hours=25)
        await other.database.write(grants.consented, WHOSE, *pair)
        return await whole(**form)

    one.wire.token = too_late  # type: ignore[method-assign]
    scene.expire()
    assert await one.opens()
    assert one.told == []
    assert not (await one.stored()).lost


async def test_a_late_answer_does_not_take_the_place_of_a_new_consent(scene: Scene, one: Process) -> None:
    """Somebody ran `zalo connect` while a refresh was under way: his pair stands."""
    await one.opens()
    whole = one.wire.token

    async def meanwhile(**form: str) -> dict[str, Any]:
        said = await whole(**form)
        now = scene.clock.now()
        pair = scene.server.oauth.pair()
        await one.database.write(grants.consented, WHOSE, *pair, now, now + timedelta(hours=25))
        return said

    one.wire.token = meanwhile  # type: ignore[method-assign]
    scene.expire()
    assert await one.opens()
    assert (await one.stored()).refresh == scene.server.oauth.refresh


# --- bad answers ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("plan", [GATEWAY, CUT])
async def test_no_answer_never_takes_the_place_of_a_good_pair(
    scene: Scene, one: Process, plan: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page of HTML, a dropped connection: the old pair stands and is tried again a little later."""
    monkeypatch.setattr(zalo_grant, "LONGEST_REST", 0.0)
    await one.opens()
    before = await one.stored()
    scene.expire()
    scene.server.next(TOKEN, plan)
    with pytest.raises(Unavailable):
        await one.opens()
    assert await one.stored() == before
    assert await one.opens()
    assert one.told == []


async def test_zalo_is_not_asked_again_at_once(scene: Scene, one: Process) -> None:
    """While the token host is away it is not stormed, however many messages wait."""
    scene.server.always(TOKEN, GATEWAY)
    for _message in range(20):
        with pytest.raises(Unavailable):
            await one.grant.token()
    assert scene.refreshes == 1


async def test_an_answer_that_was_lost_is_told_as_such(
    scene: Scene, one: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Zalo changed the key and its answer never came: the next try shows it, and one sentence says what happened."""
    monkeypatch.setattr(zalo_grant, "LONGEST_REST", 0.0)
    await one.opens()
    scene.expire()
    scene.server.next(TOKEN, DROP)
    with pytest.raises(Unavailable):
        await one.opens()
    with pytest.raises(NeedsPerson):
        await one.opens()
    (sentence,) = one.told
    assert "interrupted" in sentence.id


async def test_a_pair_with_odd_fields_is_taken(scene: Scene, one: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    """No life, no refresh token: what is there is used, what is missing is what it was."""
    await one.opens()
    before, whole = await one.stored(), one.wire.token

    async def odd(**form: str) -> dict[str, Any]:
        return {"access_token": (await whole(**form))["access_token"], "refresh_token": None, "expires_in": "soon"}

    one.wire.token = odd  # type: ignore[method-assign]
    scene.expire()
    assert await one.opens()
    after = await one.stored()
    assert (after.refresh, after.generation) == (before.refresh, before.generation + 1)
    assert after.expires_at == scene.clock.now() + timedelta(hours=25)


async def test_the_database_may_be_away_when_the_answer_comes(
    scene: Scene, one: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What cannot be had twice is kept until it is stored, and used only then."""
    await one.opens()
    scene.expire()
    save, tries = grants.save, list[int]()

    def away(*args: Any) -> Pair:
        tries.append(1)
        if len(tries) < 3:
            raise Temporary("away")
        return save(*args)

    monkeypatch.setattr(grants, "save", away)
    assert await one.opens()
    assert len(tries) == 3
    assert (await one.stored()).access == scene.server.oauth.access


async def test_without_a_database_messages_wait(scene: Scene, one: Process) -> None:
    """Nothing is asked of Zalo whose answer could not be stored."""
    await one.database.close()
    with pytest.raises((Unavailable, Temporary)):
        await one.grant.token()
    assert scene.refreshes == 0


# --- lost -------------------------------------------------------------------------------------------------------------


async def test_a_revoked_grant_is_one_sentence_and_then_silence(scene: Scene) -> None:
    """However many messages, processes, restarts and days: told once. What waits goes on after a new consent."""
    one, other = scene.process(), scene.process()
    await one.opens()
    await other.opens()
    scene.server.oauth.kill()
    scene.later(hours=26)
    with capture_logs() as logged:
        for _message in range(30):
            for each in (one, other):
                with pytest.raises(NeedsPerson) as waits:
                    await each.grant.token()
                assert (waits.value.told, waits.value.after > 0) == (True, True)
        again = scene.process(ZALO_REFRESH_TOKEN="")
        for _look in range(3):
            with pytest.raises(NeedsPerson):
                await again.grant.look_after()
    assert [len(each.told) for each in (one, other, again)] == [1, 0, 0]
    assert len([line for line in logged if line["log_level"] in ("warning", "error")]) == 1
    assert one.told[0].args["at"] == scene.clock.now()
    asked = scene.refreshes
    scene.server.oauth.pair()
    await other.grant.adopt(scene.server.oauth.refresh)
    for each in (one, other, again):
        assert await each.opens()
    assert scene.refreshes == asked + 1
    assert not (await one.stored()).lost


async def test_lost_again_it_is_told_again(scene: Scene, one: Process) -> None:
    """A new consent that is withdrawn too is another matter."""
    for _time in range(2):
        await one.grant.adopt(scene.server.oauth.pair()[1])
        scene.server.oauth.kill()
        scene.later(hours=26)
        with pytest.raises(NeedsPerson):
            await one.grant.token()
    assert len(one.told) == len(set(one.told)) == 2


async def test_the_last_access_token_is_used_to_its_end(scene: Scene, one: Process) -> None:
    """The refresh token is worth nothing, but for some hours the villagers are still answered."""
    scene.server.oauth.old_dies = False
    await one.opens()
    scene.server.oauth.refresh = "gone"
    scene.later(hours=13)
    await one.grant.look_after()
    assert len(one.told) == 1
    assert await one.opens()
    scene.later(hours=12)
    with pytest.raises(NeedsPerson):
        await one.grant.token()
    assert len(one.told) == 1


async def test_the_event_of_a_withdrawal_is_told_and_an_old_one_is_not(scene: Scene, one: Process) -> None:
    """`permission_revoked` ends it at once; brought late, after a new consent, it means nothing."""
    await one.opens()
    await one.grant.withdrawn(START - timedelta(minutes=1))
    assert await one.opens()
    scene.later(minutes=5)
    await one.grant.withdrawn(scene.clock.now())
    with pytest.raises(NeedsPerson):
        await one.grant.token()
    (sentence,) = one.told
    assert "taken back its consent" in sentence.id


async def test_not_allowed_is_looked_into_before_it_is_believed(scene: Scene, one: Process) -> None:
    """-223 for one missing permission leaves the grant as it is, and is not looked into at every call; when the account
    has taken everything back, that is found at the first.
    """
    await one.opens()
    scene.server.next("getoa", -223, -223)
    for _call in range(2):
        with pytest.raises(Refused):
            await one.opens()
    assert (scene.refreshes, one.told) == (2, [])
    assert await one.opens()
    other = scene.process()
    scene.server.oauth.kill()
    with pytest.raises(NeedsPerson):
        await other.opens()
    assert len(other.told) == 1


async def test_nobody_has_connected_yet(scene: Scene) -> None:
    """No token in the settings, none in the database: said, and nothing is asked of Zalo."""
    one = scene.process(ZALO_REFRESH_TOKEN="")
    with pytest.raises(NeedsPerson) as waits:
        await one.grant.token()
    assert (one.told, waits.value.told, scene.refreshes) == ([NOBODY], True, 0)


async def test_a_first_token_that_is_worth_nothing_is_spent_once(scene: Scene) -> None:
    """Restarts do not try it again; another one in the settings is tried."""
    for _start in range(3):
        one = scene.process(ZALO_REFRESH_TOKEN="a-token-that-never-was")
        with pytest.raises(NeedsPerson):
            await one.grant.token()
    assert scene.refreshes == 1
    assert [len(each.told) for each in scene.processes] == [1, 0, 0]
    assert await scene.process().opens()


async def test_wrong_settings_are_told_and_zalo_is_left_alone(scene: Scene) -> None:
    """The pair is not lost by it: with the right secret all goes on."""
    one = scene.process()
    await one.opens()
    scene.later(hours=26)
    wrong = scene.process(ZALO_APP_SECRET="not-the-secret")
    for _message in range(5):
        with pytest.raises(NeedsPerson) as waits:
            await wrong.grant.token()
        assert waits.value.told
    assert wrong.told == [MISFIT]
    assert scene.refreshes == 2
    assert await one.opens()


async def test_an_unknown_code_is_told_and_tried_again_later(scene: Scene, one: Process) -> None:
    """Nothing is known to be lost."""
    scene.server.next(TOKEN, -19999)
    with pytest.raises(Unavailable):
        await one.grant.token()
    assert [each.args for each in one.told] == [{"number": -19999}]
    assert not (await one.stored()).lost


async def test_whoever_died_while_asking_is_waited_for_and_then_followed(
    scene: Scene, one: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On PostgreSQL his time has to run out; on SQLite there is no other, so nobody waits."""
    await one.opens()
    dead = Account(1, "zalo", APP_ID)
    now = datetime.now(UTC)
    until = now + timedelta(seconds=0.5)
    await one.database.write(grants.ask, dead, 1, "", "somebody who dies", now, until)
    scene.expire()
    assert await one.opens()
    assert one.told == []
    assert not scene.url.startswith("postgresql") or datetime.now(UTC) >= until


async def test_keeping_goes_on_whatever_happens(scene: Scene, one: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lost grant, a database that is away, an error of ours: the loop lives, and mends when it can."""
    monkeypatch.setattr(zalo_grant, "LOOK", 0.01)
    look, bad = one.grant._look, [Unavailable("away"), ValueError("ours"), NeedsPerson("lost", told=True)]

    async def look_badly() -> None:
        if bad:
            raise bad.pop()
        await look()

    monkeypatch.setattr(one.grant, "_look", look_badly)
    keeping = asyncio.create_task(one.grant.keep())
    await scene.server.until(lambda: scene.server.oauth.refreshed)
    keeping.cancel()
    with suppress(asyncio.CancelledError):
        await keeping
    assert await one.opens()


# --- consent ----------------------------------------------------------------------------------------------------------


@dataclass
class Browser:
    """The administrator's: it comes back to our door."""

    door: Door
    url: str

    async def opens(self, address: str) -> tuple[int, str]:
        async with aiohttp.ClientSession() as http, http.get(f"{self.url}{address}") as answer:
            assert answer.headers.get("Cache-Control") == "no-store" or answer.status != 200 or "verifier" in address
            return answer.status, await answer.text()


@pytest.fixture
async def browser(one: Process) -> AsyncIterator[Browser]:
    door = Door(one.settings, one.grant, one, lambda sentence: sentence.id)
    app = web.Application()
    app.add_routes(door.routes())
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield Browser(door, f"http://127.0.0.1:{runner.addresses[0][1]}")
    await runner.cleanup()


async def consents(scene: Scene, one: Process) -> str:
    """An administrator opens a fresh link and agrees; the address he is sent to, from its path on."""
    link = await zalo_consent.begin(one.grant, one, one.settings, CALLBACK)
    back = urlsplit(scene.server.oauth.consent(link))
    return f"{back.path}?{back.query}"


async def test_an_administrator_consents_once_and_everything_goes(scene: Scene, one: Process, browser: Browser) -> None:
    """The link, his yes, the way back: the pair is stored, and a second visit of the same address is told so."""
    scene.server.oauth.challenge = await one.grant.challenge()
    back = await consents(scene, one)
    status, words = await browser.opens(back)
    assert (status, CONNECTED.id in words) == (200, True)
    assert (await one.stored()).access == scene.server.oauth.access
    status, words = await browser.opens(back)
    assert (status, USED.id in words) == (400, True)
    assert await one.opens()


async def test_a_state_that_was_not_given_out_or_is_too_old_is_refused(
    scene: Scene, one: Process, browser: Browser
) -> None:
    """Somebody else's consent cannot be slipped in; nothing is asked of Zalo."""
    back = await consents(scene, one)
    code = back.partition("code=")[2].partition("&")[0]
    for address in (f"/zalo/callback?code={code}&state=mine", f"/zalo/callback?code={code}"):
        status, words = await browser.opens(address)
        assert (status, USED.id in words) == (400, True)
    scene.later(minutes=11)
    status, words = await browser.opens(back)
    assert (status, USED.id in words) == (400, True)
    assert scene.refreshes == 0


async def test_what_goes_wrong_is_said_on_the_page(scene: Scene, one: Process, browser: Browser) -> None:
    """No code, a spent code, another address of return, a code nobody knows, no answer."""
    status, words = await browser.opens("/zalo/callback?error=denied")
    assert (status, NO_CODE.id in words) == (400, True)
    for plan, sentence in ((-14005, "too late"), (-14003, "address of return"), (-19999, "code"), (GATEWAY, "minutes")):
        scene.server.next(TOKEN, plan)
        status, words = await browser.opens(await consents(scene, one))
        assert (status, sentence in words) == (400, True), words
    assert (await one.stored()).access == ""


async def test_no_look_ahead_spends_the_code(scene: Scene, one: Process, browser: Browser) -> None:
    """A browser that asks for the head of the page first does no harm."""
    back = await consents(scene, one)
    async with aiohttp.ClientSession() as http, http.head(f"{browser.url}{back}") as answer:
        assert answer.status == 405
    assert (await browser.opens(back))[0] == 200


async def test_zalo_sees_whose_domain_it_is_only_by_our_own_file(scene: Scene, one: Process, browser: Browser) -> None:
    """The file that the operator has put into the folder, and no other code, and nothing else of the folder."""
    (scene.folder / "zalo_verifierAbc_-12.html").write_text("<meta>", encoding="utf-8")
    (scene.folder / "secret.key").write_text("secret", encoding="utf-8")
    assert await browser.opens("/zalo_verifierAbc_-12.html") == (200, "<meta>")
    for other in ("/zalo_verifierother.html", "/zalo_verifier.html", "/zalo_verifier..%2fsecret.key.html"):
        assert (await browser.opens(other))[0] == 404


async def test_the_challenge_stays_the_same_and_the_state_does_not(one: Process) -> None:
    """The console may hold the one; the other is new each time."""
    links = [await zalo_consent.begin(one.grant, one, one.settings, CALLBACK) for _time in range(2)]
    asked = [MultiDict(each.split("=", 1) for each in urlsplit(link).query.split("&")) for link in links]
    assert asked[0]["code_challenge"] == asked[1]["code_challenge"] == await one.grant.challenge()
    assert asked[0]["state"] != asked[1]["state"]
    assert len(await one.grant._verifier()) == len(await one.grant.challenge()) == 43


async def test_no_answer_to_a_consent_is_said(scene: Scene, one: Process) -> None:
    """The code may be spent; a new link is needed."""
    await scene.server.refuse()
    with pytest.raises(NotConnected) as why:
        await zalo_consent.spend(one.grant.adopt("x"))
    assert why.value.sentence == NO_ANSWER
    await scene.server.start()


# --- what Zalo says of the account ------------------------------------------------------------------------------------


async def test_what_the_account_is_decides_the_path(scene: Scene, one: Process) -> None:
    """A state agency's goes by v2, a business's by v3; a refusal teaches better, and is remembered by a new process."""
    await one.account.look()
    assert (one.account.path, one.account.id) == ("v3_cs", scene.server.oa.id)
    scene.server.oa.type = 4
    await one.account.look()
    assert one.account.path == "v2_message"
    assert await one.account.other_path() == "v3_cs"
    other = scene.process()
    assert (other.account.path, other.account.id) == ("v3_cs", "")
    await other.account.remember()
    assert (other.account.path, other.account.id) == ("v3_cs", scene.server.oa.id)
    await one.account.look()
    assert one.account.path == "v3_cs"
    fixed = OfficialAccount(one.grant, one, one.told.append, APP_ID, ZaloTerms(send_path="v2_message"))
    assert fixed.path == "v2_message"


async def test_a_plan_that_ends_is_told_in_time_and_not_every_day(scene: Scene) -> None:
    """30, 7 and 1 days before and when it is over; by whichever process looks; again for a new end."""
    scene.server.oa.valid_until = "15/01/2027"
    one, other = scene.process(), scene.process()
    told: list[tuple[int, Any]] = []
    days = [0, 19, 20, 21, 42, 43, 44, 48, 49, 50, 51, 59]
    for last, day in pairwise([0, *days]):
        scene.later(days=day - last)
        for each in (one, other):
            await each.account.look()
            told += [(day, sentence.args["on"]) for sentence in each.told]
            each.told.clear()
    end = datetime(2027, 1, 15, tzinfo=ZONE).date()
    assert told == [(20, end), (43, end), (49, end), (50, end)]
    scene.server.oa.valid_until = "20/02/2027"
    await one.account.look()
    assert len(one.told) == 1


async def test_a_grant_that_has_not_been_renewed_for_long_is_told(scene: Scene, one: Process) -> None:
    """Two months in which it could not be renewed: a person hears of it a month before its end."""
    await one.opens()
    scene.server.always(TOKEN, GATEWAY)
    scene.later(days=61)
    with pytest.raises(SendError):
        await one.account.look()
    (sentence,) = one.told
    assert sentence.args["on"] == (START + timedelta(days=90)).date()


async def test_looking_goes_on_whatever_happens(scene: Scene, one: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    """A refusal, an error of ours; once a day is enough."""
    monkeypatch.setattr("bot.channels.zalo_account.LOOK", 0.01)
    scene.server.next("getoa", -32, "drop")
    keeping = asyncio.create_task(one.account.keep())
    asked = scene.server
    await asked.until(lambda: len(asked.called("getoa")) >= 3)
    while not await one.database.read(accounts.said, 1, "zalo", APP_ID):  # noqa: ASYNC110  (it tells nobody)
        await asyncio.sleep(0.01)
    count = len(asked.called("getoa"))
    scene.later(days=1)
    await asked.until(lambda: len(asked.called("getoa")) > count)
    keeping.cancel()
    with suppress(asyncio.CancelledError):
        await keeping


@pytest.mark.parametrize("said", [None, [], "x", {"oa_type": "4"}, {"package_valid_through_date": 5, "name": None}])
def test_any_description_of_an_account_can_be_read(said: Any) -> None:
    """Fields that are missing or of another kind are unknown."""
    about = About.read(said)
    assert about.valid_until is None
    assert about.path == ("v2_message" if isinstance(said, dict) and said.get("oa_type") else "v3_cs")


@pytest.mark.parametrize("written", ["31/12/2027", "2027-12-31", "2027-12-31 10:00:00", "1830243600000", 1830243600000])
def test_days_are_read_in_every_form(written: Any) -> None:
    """Which one Zalo uses is not known."""
    assert str(read_date(written)) == "2027-12-31"
