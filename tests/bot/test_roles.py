"""Every route × every role, made from the register: a new route is covered by itself, a new right must be written here.

Each route's function is replaced by one that only notes that it ran, so what is tested is the door and nothing else.
"""

import dataclasses
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.app import HANDLERS
from bot.questions import Text
from bot.routes import CommandRoute, ConversationRoute, Route, Routes
from bot.tokens import RouteToken
from messages.reply import Reply
from tests import town as towns
from tests.bot.channels.desk import desk
from tests.bot.turns import VILLAGER, Bench, Chats, Who
from tests.town import Databases, Town

PEOPLE = (
    "villager",
    "village head",
    "official",
    "clerk",
    "chairman",
    "removed official",
    "official's browser as villager",
)
MAY = {
    None: set(PEOPLE),
    "official": {"official", "clerk", "chairman"},
    "clerk": {"clerk"},
    "chairman": {"chairman"},
    "village-head": {"village head"},
}
"""Who holds which right. The routes that need one stand below; a new one fails a test until it is written down."""
RESTRICTED = {
    "command /buudien": {"official"},
    "command /danhgia": {"official"},
    "command /baotang": {"official", "village-head"},
    "command /chude": {"chairman", "clerk"},
    "command /mautraloi": {"chairman", "clerk"},
    "command /danhsachgoi": {"official"},
    "command /duyet": {"official"},
    "command /hangdoi": {"official", "village-head"},
    "command /homnay": {"official"},
    "command /hoso": {"official"},
    "command /ketqua": {"official"},
    "command /ketnoi": {"official", "village-head"},
    "command /luingay": {"official"},
    "command /moi": {"chairman", "clerk"},
    "command /ngaytranhanh": {"chairman", "clerk"},
    "command /thu": {"official"},
    "command /tuan": {"official"},
    "command /vietthu": {"official"},
    "command /start": {"official", "village-head"},
    "command /trogiup": {"official", "village-head"},
    "command /thongtinxa": {"chairman", "clerk"},
    "command /thoiquyen": {"chairman", "clerk"},
    "conversation answer": {"official"},
    "conversation case-reply": {"official"},
    "conversation case-ask": {"official"},
    "conversation case-note": {"official"},
    "conversation case-hand": {"official"},
    "conversation case-sort": {"official"},
    "conversation case-title": {"official"},
    "conversation saved-answers": {"official"},
    "conversation approval-edit": {"official"},
    "conversation approval-field": {"official"},
    "conversation approval-refuse": {"official"},
    "conversation approval-signed": {"official"},
    "conversation mourning-tie": {"official"},
    "conversation write-letter": {"official"},
    "conversation facts-change": {"official"},
    "conversation let-go": {"official"},
    "conversation invite": {"official"},
    "conversation postpone": {"official"},
    "conversation case-close": {"official"},
    "conversation case-join": {"official"},
    "conversation case-refuse": {"official"},
    "conversation refusal-agree": {"official"},
    "conversation refusal-back": {"official"},
    "tap case-close": {"official"},
    "tap case-join": {"official"},
    "tap case-part": {"official"},
    "tap case-refuse": {"official"},
    "tap refusals": {"official"},
    "tap refusal-agree": {"official"},
    "tap refusal-back": {"official"},
    "tap approval": {"official"},
    "tap approval-drop": {"official"},
    "tap approval-edit": {"official"},
    "tap approval-check": {"official"},
    "tap approval-field": {"official"},
    "tap approval-no": {"official"},
    "tap approval-paper": {"official"},
    "tap approval-send": {"official"},
    "tap approval-signed": {"official"},
    "tap approval-yes": {"official"},
    "tap approvals": {"official"},
    "tap letter-given": {"official"},
    "tap letters": {"official"},
    "tap mourning-tie": {"official"},
    "tap mourning-visit": {"official"},
    "tap close": {"official"},
    "tap due-late": {"official"},
    "tap due-ok": {"official"},
    "tap erase-right": {"official"},
    "tap erase-wrong": {"official"},
    "tap list-apply": {"official"},
    "tap list-drop": {"official"},
    "tap open": {"official"},
    "tap case-open": {"official"},
    "tap case-take": {"official"},
    "tap case-more": {"official"},
    "tap case-urgent": {"official"},
    "tap case-sort": {"official"},
    "tap case-title": {"official"},
    "tap case-reply": {"official"},
    "tap case-ask": {"official"},
    "tap case-note": {"official"},
    "tap case-called": {"official"},
    "tap case-undo": {"official"},
    "tap case-hand": {"official"},
    "tap case-topic": {"official"},
    "tap week": {"official"},
    "tap week-list": {"official"},
    "tap queue": {"official"},
    "tap queue-all": {"official"},
    "tap queue-late": {"official"},
    "tap queue-mine": {"official"},
    "tap queue-village": {"official"},
    "tap surge-same": {"official"},
    "tap call-done": {"official"},
    "tap call-missed": {"official"},
    "tap called": {"official"},
    "tap quick-day-remove": {"official"},
    "tap ready": {"official"},
    "tap ready-all": {"official"},
    "tap ready-list": {"official"},
    "tap recall": {"official"},
    "conversation posted": {"official"},
    "tap consent-counter": {"official"},
    "tap consent-counter-off": {"official"},
    "tap post-came": {"official"},
    "tap posted": {"official"},
    "tap posts": {"official"},
    "tap reply": {"official"},
    "tap seen": {"official"},
    "command /nguoidockin": {"chairman"},
    "command /tinkin": {"official"},
    "conversation sealed-readers": {"chairman"},
    "tap stop-noted": {"official"},
    "tap stop-reports": {"official"},
    "tap take": {"official"},
    "tap today-remove": {"official"},
    "tap undo": {"official"},
    "command /vang": {"official"},
    "command /tomtat": {"official"},
    "command /thongke": {"official"},
    "conversation absence": {"official"},
    "conversation set-status": {"official"},
    "tap absence-back": {"official"},
    "tap officer": {"clerk"},
    "tap officer-is": {"clerk"},
    "tap summary": {"official"},
    "tap figure": {"official"},
    "tap figures": {"official"},
    "command /in": {"official"},
    "tap print-blank": {"official"},
    "tap trail": {"official"},
    "tap trail-slip": {"official"},
    "tap trail-steps": {"official"},
    "tap trail-messages": {"official"},
    "tap set-status": {"official"},
    "conversation case-door": {"official"},
    "conversation case-of-request": {"official"},
    "conversation village-for": {"village-head"},
    "conversation village-look": {"village-head"},
    "tap case-from-request": {"official"},
    "tap case-print": {"official"},
    "tap case-trail": {"official"},
    "tap village-case": {"village-head"},
    "tap village-cases": {"village-head"},
    "tap village-report": {"village-head"},
    "tap village-seen": {"village-head"},
}
NOT_AT_THE_DESK = {"conversation person"}
"""What no official begins at /office, though a villager may: he is the person already."""
AT_THE_DESK = {"official", "clerk", "chairman", "removed official"}
REGISTER = Routes.merge([handler.routes for handler in HANDLERS])


def every(routes: Routes) -> list[Route]:
    return [*routes.conversations.values(), *routes.taps.values(), *routes.commands]


def title(route: Route) -> str:
    kinds = {ConversationRoute: "conversation", CommandRoute: "command"}
    return f"{kinds.get(type(route), 'tap')} {route.name}"


def label(route: Route) -> str:
    return f"{title(route)}-{route.role}"


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    made = Bench()
    yield made
    made.close()


def spied(ran: list[Route], question: bool = False) -> Routes:
    """The register, its functions replaced by ones that note that they ran."""
    routes = Routes()
    for route in every(REGISTER):
        routes._add(dataclasses.replace(route, function=_spy(route, ran, question)))
    routes.gates, routes.events, routes.performers = REGISTER.gates, REGISTER.events, REGISTER.performers
    return routes


def _spy(route: Route, ran: list[Route], question: bool) -> Any:
    def conversation(ask: Any, find: Any, **args: Any) -> None:
        ran.append(route)
        if question:
            ask(Text("first", "Một?"))
            ask(Text("second", "Hai?"))

    def other(*args: Any) -> Reply:
        ran.append(route)
        return Reply("Đã chạy.")

    return conversation if isinstance(route, ConversationRoute) else other


def meet(chats: Chats, person: str) -> Who:
    """One of PEOPLE."""
    if person == "villager":
        return VILLAGER
    if person == "village head":
        return chats.village_head()
    if person == "removed official":
        who = chats.official("clerk")
        chats.remove(who)
        return who
    if person == "official's browser as villager":  # the same person, at the villagers' box
        return Who("", chats.official("clerk").chat)
    return chats.official(person)


def ways(route: Route) -> Iterable[dict[str, str]]:
    """Everything a person can do to use a route: tap it, type its token, its command, its words."""
    if isinstance(route, ConversationRoute):
        token = str(RouteToken("talk", ("begin", route.name)))
        yield {"kind": "tap", "token": token}
        yield {"kind": "text", "text": token}
    elif not isinstance(route, CommandRoute):
        token = str(RouteToken(route.name, ("1",)))
        yield {"kind": "tap", "token": token}
        yield {"kind": "text", "text": token}
        yield {"kind": "tap", "token": str(RouteToken(route.name))}
    for command in route.commands:
        yield {"kind": "text", "text": command}
        yield {"kind": "text", "text": f"{command.upper()} 1"}
    for words in route.words:
        yield {"kind": "text", "text": words}
        yield {"kind": "text", "text": f"cho hỏi {words} với"}


def test_the_table_names_every_restricted_route() -> None:
    """Whoever adds a route with a role writes here who may use it, and whoever frees one takes it out."""
    found: dict[str, set[str]] = {}
    for route in every(REGISTER):
        if route.role is not None:
            found.setdefault(title(route), set()).add(route.role)
    assert found == RESTRICTED
    assert {role for roles in found.values() for role in roles} <= set(MAY)


@pytest.mark.parametrize("person", PEOPLE)
@pytest.mark.parametrize("route", every(REGISTER), ids=label)
def test_a_route_runs_exactly_for_its_role(bench: Bench, route: Route, person: str) -> None:
    """By every way in: whoever may is let in, whoever may not gets a sentence, and the function never runs."""
    for way in ways(route):
        ran: list[Route] = []
        with bench.town(spied(ran)) as chats:
            said = chats.does(meet(chats, person), **way)
        assert all(person in MAY[each.role] for each in ran), (way, ran)
        assert said.text, way
        if person in AT_THE_DESK and title(route) in NOT_AT_THE_DESK:
            assert ran == [], way
        elif person in MAY[route.role]:
            assert [title(each) for each in ran] == [title(hers(route, person))], way


def hers(route: Route, person: str) -> Route:
    """Of routes with the same command, the one that is meant for her."""
    same = [each for each in every(REGISTER) if title(each) == title(route) and person in MAY[each.role]]
    return next((each for each in same if each.role is not None), same[0])


def holder(chats: Chats, route: ConversationRoute) -> Who:
    """Somebody who may begin a conversation that is not for everybody."""
    return chats.village_head() if route.role == "village-head" else chats.official("chairman")


@pytest.mark.parametrize(
    "route", [each for each in REGISTER.conversations.values() if each.role is not None], ids=label
)
@pytest.mark.parametrize(
    "way",
    [
        {"kind": "text", "text": "Hai trăm"}, {"kind": "text", "text": "quay lại"},
        {"kind": "text", "text": "/quaylai"},
        {"kind": "tap", "token": "#{talk}.second=x"}, {"kind": "tap", "token": "#{talk}.first=x"}, {"kind": "photo"},
        {"kind": "tap", "token": "#talk:back,{talk}"}, {"kind": "tap", "token": "#talk:changes,{talk}"},
        {"kind": "tap", "token": "#talk:change,{talk},0"}, {"kind": "tap", "token": "#talk:nonsense,{talk}"},
    ],
    ids=str,
)  # fmt: skip
def test_a_talk_ends_with_the_right_it_was_begun_with(
    bench: Bench, route: ConversationRoute, way: dict[str, str]
) -> None:
    """Whoever is removed in the middle of a talk gets a sentence, and the talk goes no step further."""
    ran: list[Route] = []
    with bench.town(spied(ran, question=True)) as chats:
        who = holder(chats, route)
        chats.taps(str(RouteToken("talk", ("begin", route.name))), who)
        said = chats.says("Một trăm", who)
        assert "Hai?" in said.text
        talk = next(each["token"] for each in said.buttons if "cancel" in each["token"]).rpartition(",")[2]
        chats.remove(who)
        ran.clear()
        said = chats.does(who, **{name: value.replace("{talk}", talk) for name, value in way.items()})
        assert ran == []
        assert "cán bộ" in said.text
        assert "Hai?" not in chats.taps(f"#talk:resume,{talk}", who).text
        assert ran == []


@pytest.mark.parametrize("route", [each for each in REGISTER.conversations.values() if each.role], ids=label)
def test_an_expired_talk_is_not_resumed_without_its_right(bench: Bench, route: ConversationRoute) -> None:
    """ "Tiếp tục" and the button of an expired talk ask for the right again."""
    ran: list[Route] = []
    with bench.town(spied(ran, question=True)) as chats:
        who = holder(chats, route)
        said = chats.taps(str(RouteToken("talk", ("begin", route.name))), who)
        talk = next(each["token"] for each in said.buttons if "cancel" in each["token"]).rpartition(",")[2]
        chats.later(hours=3)
        chats.remove(who)
        ran.clear()
        for way in ({"kind": "tap", "token": f"#talk:resume,{talk}"}, {"kind": "text", "text": "tiếp tục"}):
            assert "Một?" not in chats.does(who, **way).text
        assert ran == []


@pytest.mark.parametrize("route", [each for each in REGISTER.conversations.values() if each.role], ids=label)
def test_the_clock_runs_no_talk_without_its_right(bench: Bench, route: ConversationRoute) -> None:
    """A talk of somebody who was removed meanwhile is ended when its time comes, not run."""
    ran: list[Route] = []
    with bench.town(spied(ran, question=True)) as chats:
        who = holder(chats, route)
        chats.taps(str(RouteToken("talk", ("begin", route.name))), who)
        chats.remove(who)
        ran.clear()
        chats.later(hours=3)
        assert ran == []


# --- over HTTP --------------------------------------------------------------------------------------------------------

OPEN, BOX, DESK, SYSTEM = "everybody", "a villager's token", "the office's cookie", "a system's signature"
HTTP = {
    "GET /": OPEN, "GET /chat": OPEN, "GET /office": OPEN, "GET /static/{name}": OPEN, "GET /api/demo": OPEN,
    "POST /api/session": OPEN, "POST /office/api/enter": OPEN, "GET /api/alive": OPEN, "GET /office/api/alive": OPEN,
    "GET /healthz": OPEN, "GET /metrics": OPEN, "GET /api/openapi.json": OPEN, "POST /api/dossiers": SYSTEM,
    "POST /api/messages": BOX, "POST /api/files": BOX, "GET /api/updates": BOX, "GET /api/socket": BOX,
    "GET /api/files/{name}": BOX, "GET /api/clips/{name}": BOX,
    "POST /office/api/messages": DESK, "POST /office/api/files": DESK, "GET /office/api/updates": DESK,
    "GET /office/api/socket": DESK, "GET /office/api/files/{name}": DESK, "GET /office/api/session": DESK,
    "POST /office/api/leave": DESK,
    "GET /kin": OPEN, "POST /kin": OPEN, "GET /kin/{name}": OPEN, "POST /kin/{name}": OPEN,
    "GET /office/kin": DESK, "POST /office/kin": DESK, "GET /office/kin/{name}": DESK,
    "POST /office/kin/{name}": DESK, "GET /office/kin/file/{name}": DESK,
}  # fmt: skip
"""Who may use which path; a new one fails a test until it is written down."""


@pytest.fixture
async def town(databases: Databases, tmp_path: Path):
    async with desk(databases, tmp_path) as town:
        yield town


def paths(town: Town) -> list[str]:
    """What the web server really serves."""
    return [
        f"{route.method} {route.resource.canonical}"
        for route in town.service._runner.app.router.routes()
        if route.method != "HEAD"
    ]


async def test_the_table_names_every_path(town: Town) -> None:
    """No path is served that is not in the table above, and none is missing."""
    assert sorted(paths(town)) == sorted(HTTP)


async def test_a_path_opens_exactly_for_whom_it_is(town: Town) -> None:
    """Nobody, a villager's token in every place, an office cookie in every place: 401 or 403 unless it is theirs."""
    citizen, official = await towns.villager(town), await towns.official(town)
    token = citizen.headers["X-Session"]
    everywhere = lambda word: {"X-Session": word, "Cookie": f"gandan_office={word}", "X-Office": "1"}  # noqa: E731
    holders = {OPEN: {}, BOX: everywhere(token), DESK: official.headers}
    for path in sorted(paths(town), key=lambda path: path.endswith("leave")):
        for holder, headers in holders.items():
            status = await visit(town, path, headers)
            allowed = HTTP[path] in (OPEN, holder)
            assert (status not in (401, 403)) is allowed or path == "POST /office/api/enter", (path, holder, status)
            assert status < 500, (path, holder, status)


async def visit(town: Town, path: str, headers: dict[str, str]) -> int:
    """One request; the socket's answer is read from how it is closed."""
    method, url = path.replace("{name}", "0" * 32).split(" ")
    if not url.endswith("/socket"):
        body = {"data": b"{}", "headers": headers | {"Content-Type": "application/json"}} if method == "POST" else {}
        async with town.http.request(method, url, **{"headers": headers} | body) as answer:
            return answer.status
    async with town.http.ws_connect(url, headers=headers) as socket:
        await socket.send_json({"session": headers.get("X-Session")})
        frame = await socket.receive(timeout=10)
        return 401 if frame.type is aiohttp.WSMsgType.CLOSE else 200
