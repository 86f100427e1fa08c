"""Routes: found by name, command and words; whatever two handlers both claim is refused at start."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from bot.routes import RouteError, Routes, Start
from messages.reply import Reply, _

TITLE = _("Look up a dossier")


@dataclass(frozen=True)
class Remember:
    code: str


def filled() -> Routes:
    """A register with one of each."""
    routes = Routes()

    @routes.conversation("lookup", title=TITLE, words=("hồ sơ của tôi", "tra cứu", "/tracuu"))
    def lookup(ask: Any, find: Any) -> None: ...

    @routes.conversation("register", title=TITLE, words=("hồ sơ",), left=dict, keeps=timedelta(days=1))
    def register(ask: Any, find: Any) -> None: ...

    @routes.tap("menu")
    def menu(turn: Any, choice: str) -> Start:
        return Start(choice, code="x")

    @routes.command("/thongbao", "/tin", words=("thông báo thôn",))
    def notices(turn: Any, rest: str) -> Reply:
        return Reply(rest)

    @routes.command("/thongbao", role="official")
    def announce(turn: Any, rest: str) -> Reply:
        return Reply("office", rest)

    @routes.command("/moi", words=("mời họp",), role="village-head")
    def invite(turn: Any, rest: str) -> None: ...

    @routes.does(Remember)
    def remember(command: Remember, turn: Any) -> Reply:
        return Reply(command.code)

    return routes


def name_of(found: Any) -> str | None:
    return found and found.name


def test_routes_are_found_by_their_names() -> None:
    """A row or token that names a route finds it; a route that a deploy removed is None."""
    routes = filled()
    assert name_of(routes.conversation_named("lookup")) == "lookup"
    assert name_of(routes.tap_named("menu")) == "menu"
    assert routes.conversation_named("gone") is None
    assert routes.tap_named("gone") is None
    assert routes.conversations["register"].keeps == timedelta(days=1)
    assert routes.conversations["lookup"].left is None


def test_a_command_is_found_with_its_rest() -> None:
    """Case, accents, the bot's name and spaces around do not matter; the rest is kept as typed."""
    routes = filled()
    for text in ("/tracuu H55 Ạ", " /TraCuu   H55 Ạ ", "/tracuu@GanDanBot H55 Ạ", "/tracứu\nH55 Ạ"):
        route, rest = routes.by_command(text) or (None, "")
        assert (name_of(route), rest) == ("lookup", "H55 Ạ")
    assert routes.by_command("/tin") == (routes.commands[0], "")
    assert routes.by_command("/nothing") is None
    assert routes.by_command("/") is None
    assert routes.by_command("tracuu") is None


def test_one_command_may_mean_two_things_to_two_roles() -> None:
    """Her own role comes first, then everybody's; a stranger's command is found so that it can be refused."""
    routes = filled()
    villager, _rest = routes.by_command("/thongbao") or (None, "")
    official, _rest = routes.by_command("/thongbao", ["official"]) or (None, "")
    head, _rest = routes.by_command("/moi") or (None, "")
    assert [route and route.role for route in (villager, official, head)] == [None, "official", "village-head"]


def test_words_are_the_whole_message_or_stand_in_it() -> None:
    """The whole message wins, then the longest words within it, folded."""
    routes = filled()
    assert name_of(routes.by_words("TRA CUU!")) == "lookup"
    assert name_of(routes.by_words("Hồ sơ")) == "register"
    assert name_of(routes.by_words("ho so cua toi xong chua")) == "lookup"
    assert name_of(routes.by_words("xem thông báo thôn tuần này")) == "/thongbao"
    assert routes.by_words("thôn trang") is None
    assert routes.by_words("👍") is None
    assert name_of(routes.by_words("muốn mời họp")) == "/moi"


def test_words_of_another_role_do_not_hide_hers() -> None:
    """Longer words that only an official may use give way to words open to her."""
    routes = filled()

    @routes.command("/hoso", words=("hồ sơ của tôi xong",), role="official")
    def office(turn: Any, rest: str) -> None: ...

    assert name_of(routes.by_words("hồ sơ của tôi xong chưa")) == "lookup"
    assert name_of(routes.by_words("hồ sơ của tôi xong chưa", ["official"])) == "/hoso"


def test_commands_of_a_talk_find_what_performs_them() -> None:
    """A command nobody does is named in the error."""
    routes = filled()
    assert routes.performer(Remember("H55"))(Remember("H55"), None).paragraphs == ("H55",)
    with pytest.raises(RouteError, match="Nothing @does str"):
        routes.performer("x")


def test_merging_keeps_all_and_refuses_what_is_claimed_twice() -> None:
    """Handlers that agree are joined; the same one twice is refused with a sentence."""
    merged = Routes.merge([filled(), Routes()])
    assert set(merged.conversations) == {"lookup", "register"}
    assert merged.by_words("tra cứu") is merged.conversations["lookup"]
    assert Remember in merged.performers
    with pytest.raises(RouteError, match="'lookup' exists twice"):
        Routes.merge([filled(), filled()])


def test_merging_keeps_events_gates_and_ticks() -> None:
    """Internal events, gates and ticks are merged and refused like the rest."""
    routes = Routes()
    routes.event("fetched")(len)
    routes.gate("emergency")(len)
    routes.tick("prune", every=timedelta(days=1))(len)
    merged = Routes.merge([routes])
    assert (set(merged.events), set(merged.gates), set(merged.ticks)) == ({"fetched"}, {"emergency"}, {"prune"})
    for again in (merged.event("fetched"), merged.gate("emergency"), merged.tick("prune", every=timedelta(1))):
        with pytest.raises(RouteError, match="twice"):
            again(len)


@pytest.mark.parametrize(
    ("claim", "sentence"),
    [
        (lambda routes: routes.tap("menu"), "tap 'menu'"),
        (lambda routes: routes.command("/TRA CUU"), "/tracuu is claimed twice"),
        (lambda routes: routes.command("/moi", role="village-head"), "/moi is claimed twice"),
        (lambda routes: routes.conversation("other", title=TITLE, words=("TRA-CỨU",)), "'tra cuu' are claimed twice"),
        (lambda routes: routes.conversation("other", title=TITLE, words=("👍",)), "without any letter"),
        (lambda routes: routes.does(Remember), "Remember"),
    ],
)
def test_whatever_is_claimed_twice_is_refused_with_a_sentence(claim: Any, sentence: str) -> None:
    """Names, commands and words are compared as citizens type them."""
    with pytest.raises(RouteError, match=sentence):
        claim(filled())(lambda *_args: None)


def test_a_tap_may_start_a_conversation() -> None:
    """Start carries the conversation's name and its arguments."""
    start = filled().taps["menu"].function(None, "lookup")
    assert (start.route, start.args) == ("lookup", {"code": "x"})
    assert start == Start("lookup", code="x")
