"""Whatever is said in whatever state: one step answers, nothing breaks, every button can be sent and read again."""

import unicodedata
from collections.abc import Callable, Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from bot import tokens
from bot.app import HANDLERS
from bot.router import Router
from bot.tokens import RouteToken
from messages import gates
from storage.inbox import inbox
from storage.outbox import outbox
from tests import form
from tests.bot.turns import OFFICE, VILLAGER, Bench, Chats, Said, Who

CODE = "H99.33-261125-0001"
WORDS = (
    CODE, "h99 33 261125 OO01", "0", "1", "2", "9", "1.", "12 ", "0912345678", "1234", "quay lại", "hủy", "thôi",
    "tiếp tục", "có", "không", "xong", "bỏ qua", "Đường", "Có, gửi đi", "/tracuu", "/tracuu " + CODE, "/hangdoi",
    "/moi", "/hoso", "/trogiup", "/start", "/hong_khong_co", "/", "cháy nhà rồi", "đòi tiền lót tay",
    "cán bộ vòi tiền", "cảm ơn", "dạ", "xong rồi", "Hồ sơ của tôi xong chưa?", "mấy giờ mở cửa", "gặp người thật",
    "xem bảng", "làm đơn", "Thôn 2", "Bến Mơ", "#hours:", "#lookup:", "#talk:begin,form", "#talk:resume,x",
    "#person:", "#open:1", "#reply:1", "#undo:1", "#zzz.a=b", "#person:x", "#hours:x", "#dossier-details:",
    "#talk:begin,answer", "#talk:begin,dossier-details", "#talk:begin,person", "/nguoithat", "tôi chờ 3 tháng rồi",
    "\u200b", "\0", "%", "'; DROP TABLE citizen; --", "{name}", "%s %(x)s", "<b>", "😀",
)  # fmt: skip
TEXT = (
    st.sampled_from(WORDS)
    | st.text(max_size=60)
    | st.lists(st.sampled_from(WORDS) | st.text(max_size=8), min_size=1, max_size=4).map(" ".join)
    | st.text(st.characters(categories=("Mn", "Ll", "Zs", "Nd")), max_size=20).map(
        lambda words: unicodedata.normalize("NFD", words)
    )
)
ANYTHING = (
    st.fixed_dictionaries({"kind": st.just("text"), "text": TEXT})
    | st.fixed_dictionaries({"kind": st.just("tap"), "text": TEXT, "token": TEXT})
    | st.fixed_dictionaries(
        {"kind": st.sampled_from(["sticker", "photo", "file", "voice", "location", "start"]), "text": TEXT}
    )
    | st.integers(0, 30).map(lambda place: {"kind": "button", "place": place})
)
CLERK = Who(OFFICE, "clerk")
"""Stands for the clerk's own chat."""


def nothing(chats: Chats) -> None:
    """A new villager."""


def lost(chats: Chats) -> None:
    """Not understood once."""
    chats.says("blah blah")


def menu(chats: Chats) -> None:
    """The greeting and its list."""
    chats.does(kind="start")


def list_of_two(chats: Chats) -> None:
    """A list without a question."""
    chats.says("xem bảng")


def code_asked(chats: Chats) -> None:
    """ "Please type the dossier code"."""
    chats.says("/tracuu")


def tail_asked(chats: Chats) -> None:
    """ "The last four digits"."""
    chats.says(CODE)
    chats.taps("#dossier-details:h9933261125" + "0001")


def choice_asked(chats: Chats) -> None:
    """The first question of a form."""
    chats.says("làm đơn")


def text_asked(chats: Chats) -> None:
    """A form's free text."""
    choice_asked(chats)
    chats.says("Đường")


def photos_asked(chats: Chats) -> None:
    """Photos until done."""
    text_asked(chats)
    chats.says("Ổ gà")


def confirm_asked(chats: Chats) -> None:
    """The summary."""
    photos_asked(chats)
    chats.says("xong")


def expired(chats: Chats) -> None:
    """A form left unfinished."""
    photos_asked(chats)
    chats.later(hours=3)


def stopped(chats: Chats) -> None:
    """A form she stopped."""
    text_asked(chats)
    chats.says("thôi")


def about_asked(chats: Chats) -> None:
    """ "What would you like to ask an official?"."""
    chats.says("0")


def village_asked(chats: Chats) -> None:
    """ "In which thôn do you live?"."""
    about_asked(chats)
    chats.says("Giấy khai sinh sai tên")


def with_a_person(chats: Chats) -> None:
    """A request is open."""
    village_asked(chats)
    chats.says("bỏ qua")


def accusation_asked(chats: Chats) -> None:
    """ "Does this accuse somebody?"."""
    text_asked(chats)
    chats.says("cán bộ đòi tiền lót tay")


def told_privately(chats: Chats) -> None:
    """A request only receivers may read."""
    chats.says("Cán bộ địa chính đòi tiền lót tay")


def at_the_desk(chats: Chats) -> None:
    """An official, a request waiting."""
    with_a_person(chats)


def answering(chats: Chats) -> None:
    """An official writes an answer."""
    with_a_person(chats)
    chats.taps("#reply:1", clerk(chats))


def answer_shown(chats: Chats) -> None:
    """An official looks at the answer before it goes."""
    answering(chats)
    chats.says("Dạ, mời bà mang giấy đến ạ.", clerk(chats))


def inviting(chats: Chats) -> None:
    """The clerk invites somebody."""
    chats.says("/moi", clerk(chats))


HER_STATES = (
    nothing, lost, menu, list_of_two, code_asked, tail_asked, choice_asked, text_asked, photos_asked, confirm_asked,
    expired, stopped, about_asked, village_asked, with_a_person, accusation_asked, told_privately,
)  # fmt: skip
DESK_STATES = (nothing, at_the_desk, answering, answer_shown, inviting)
STATES = [(state, VILLAGER) for state in HER_STATES] + [(state, CLERK) for state in DESK_STATES]
INSIDE = {code_asked, tail_asked, choice_asked, text_asked, photos_asked, confirm_asked, about_asked, village_asked}
IDS = [f"{state.__name__}-{'desk' if who is CLERK else 'box'}" for state, who in STATES]
STEPS = {step.__name__ for step in (*Router.PRECEDENCE, *Router.WORDLESS)}


def clerk(chats: Chats) -> Who:
    return chats.official("clerk")


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    made = Bench((*HANDLERS, form))
    yield made
    made.close()


quick = settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.mark.parametrize(("state", "who"), STATES, ids=IDS)
@quick
@given(bodies=st.lists(ANYTHING, min_size=1, max_size=3))
def test_whatever_comes_one_step_answers(
    bench: Bench, state: Callable[[Chats], None], who: Who, bodies: list[dict[str, object]]
) -> None:
    """No error, one step, words (or a silence that is meant), and buttons that fit and mean something."""
    form.checked.clear()
    with bench.town() as chats:
        state(chats)
        who = clerk(chats) if who is CLERK else who
        said = Said("", [], [])
        for body in bodies:
            body = pressed(body, said) if body["kind"] == "button" else body
            said = chats.does(who, **body)
            answered(said, body, who)


def pressed(body: dict[str, object], said: Said) -> dict[str, object]:
    """A press of one of the buttons just shown; without any, a sticker."""
    if not said.buttons:
        return {"kind": "sticker"}
    button = said.buttons[int(body["place"]) % len(said.buttons)]
    return {"kind": "tap", "text": button["label"], "token": button["token"]}


def answered(said: Said, body: dict[str, object], who: Who) -> None:
    assert said.route in STEPS or body["kind"] == "start", said.route
    words = str(body.get("text", ""))
    if said.text.strip():
        assert all(each["text"].strip() for each in said.bodies)
    else:
        courtesy = body["kind"] == "sticker" or gates.courtesy(words.replace("\0", ""))
        assert said.route == "with_a_person", (said.route, body)
        assert courtesy, body
    for button in [button for shown in said.everything for button in shown.get("buttons", [])]:
        token = button["token"]
        assert token.isascii()
        assert len(token) <= tokens.MOST_BYTES
        assert str(tokens.parse(token)) == token
        assert button["label"].strip()


@pytest.mark.parametrize(("state", "who"), STATES, ids=IDS)
@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
@given(body=ANYTHING.filter(lambda body: body["kind"] != "button"))
def test_the_same_event_twice_has_one_effect(
    bench: Bench, state: Callable[[Chats], None], who: Who, body: dict[str, object]
) -> None:
    """The second time nothing is stored, nothing is sent, nothing is filed."""
    with bench.town() as chats:
        state(chats)
        who = clerk(chats) if who is CLERK else who
        chats.does(who, event_id="6f0c2a1e-5b7d", **body)
        before = counted(chats)
        chats.does(who, event_id="6f0c2a1e-5b7d", **body)
        assert counted(chats) == before


def counted(chats: Chats) -> tuple[int, int, int]:
    rows = [chats.db.execute(select(func.count()).select_from(table)).scalar_one() for table in (inbox, outbox)]
    return rows[0], rows[1], len(form.filed)


@pytest.mark.parametrize("state", HER_STATES, ids=lambda state: state.__name__)
@quick
@given(text=TEXT)
def test_the_first_step_that_fits_answers(bench: Bench, state: Callable[[Chats], None], text: str) -> None:
    """The order of the design, judged from outside: tokens, commands, gates, then the open question."""
    with bench.town() as chats:
        state(chats)
        route = chats.says(text).route
    said = text.replace("\0", "").strip()
    if tokens.parse(said) is not None:
        assert route == "token"
    elif said == "0":
        assert route == "whole_command"
    elif route != "whole_command" and gates.emergency(said):
        assert route == "emergency"
    elif state in INSIDE and route not in ("whole_command", "accusation"):
        assert route == "live_question"


@given(
    name=st.text("abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=8), args=st.lists(st.text(max_size=6), max_size=3)
)
def test_a_token_that_fits_comes_back_the_same(name: str, args: list[str]) -> None:
    """Any arguments, built into a button, are read back as they were, or the button is refused when it is built."""
    try:
        token = RouteToken(name, tuple(args))
    except ValueError:
        return
    assert tokens.parse(str(token)) == token
