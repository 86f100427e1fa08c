"""Conversations, read as dialogues; the state goes through JSON between all messages, so each is a restart test."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.conversation import (
    CHANGED,
    GONE,
    Again,
    Ask,
    Closed,
    Ended,
    Find,
    Passed,
    Unanswered,
    Waiting,
    advance,
    again,
    changeable,
    classify_tap,
    drop_last,
    forget,
    unfinished,
)
from bot.questions import Checked, Choice, Confirm, Hint, Locked, Photos, Text
from bot.state import ConversationError, Raw, State, start
from bot.tokens import TalkToken
from messages.reply import Msg, _

NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)
KINDS = {"road": "Đường sá", "lamp": "Đèn đường", "rubbish": "Rác thải"}


@dataclass
class View:
    """The read-only view of a conversation, with a clock that can be moved."""

    now: datetime = NOW
    citizen: Any = None
    commune: Any = None

    def __call__(self, function: Callable[..., Any], /, *args: Any) -> Any:
        return function(*args)


class Talk:
    """Plays a dialogue; whatever is kept goes through JSON text before each step."""

    def __init__(self, function: Callable[..., object], **args: Any) -> None:
        self.function = function
        self.find = View()
        self.performed: list[Any] = []
        self.does: Callable[[Any], Any] = lambda command: command
        self.step: Any = None
        self._kept = json.dumps(start("talk", "a1", args).to_json())
        self._go(None)

    @property
    def state(self) -> State:
        return State.from_json(json.loads(self._kept))

    @property
    def asks(self) -> str:
        assert isinstance(self.step, Waiting), self.step
        return self.step.question.name

    @property
    def hint(self) -> str | None:
        return self.step.hint and self.step.hint.id

    @property
    def command(self) -> object:
        assert isinstance(self.step, Ended), self.step
        return self.step.command

    def says(self, text: str) -> "Talk":
        return self._go(Raw("text", text))

    def taps(self, value: str) -> "Talk":
        return self._go(Raw("tap", value, value))

    def sends(self, kind: Any, *files: str) -> "Talk":
        return self._go(Raw(kind, files=files))

    def wakes(self, **later: float) -> "Talk":
        self.find.now += timedelta(**later)
        return self._go(Raw("wake"))

    def goes_back(self) -> "Talk":
        earlier = drop_last(self.state)
        assert earlier is not None
        return self._keep(earlier)._go(None)

    def changes(self, name: str) -> "Talk":
        return self._keep(forget(self.state, name))._go(None)

    def is_told_again(self, name: str, hint: Msg) -> "Talk":
        self.step = again(self.function, self.state, self.find, self._perform, Again(name, hint))
        return self._keep(self.step.state)

    def after_a_deploy(self, function: Callable[..., object]) -> "Talk":
        self.function = function
        return self

    def _go(self, raw: Raw | None) -> "Talk":
        self.step = advance(self.function, self.state, self.find, self._perform, raw)
        return self._keep(self.step.state)

    def _keep(self, state: State) -> "Talk":
        self._kept = json.dumps(state.to_json())
        assert self.state == state
        return self

    def _perform(self, command: Any) -> Any:
        self.performed.append(command)
        return self.does(command)


def complaint(ask: Ask, find: Find) -> tuple[object, ...] | None:
    kind = ask(Choice("kind", _("What is it about?"), KINDS))
    detail = ask(Text("detail", _("What happened?"), at_least=5))
    photos = ask(Photos("photos", _("Pictures?")))
    if ask(Confirm("send", _("Send this?"), [KINDS[kind], detail])):
        return (kind, detail, photos)
    return None


def at_the_end() -> Talk:
    """A complaint that only waits for its last yes."""
    return Talk(complaint).taps("road").says("Ổ gà to").sends("photo", "f1").says("xong")


# Straight through


def test_a_talk_from_top_to_bottom() -> None:
    """Each answer brings the next question; the last one the command."""
    talk = Talk(complaint)
    assert talk.asks == "kind"
    assert talk.says("duong sa").asks == "detail"
    assert talk.says("Ổ gà trước chợ").asks == "photos"
    assert talk.sends("photo", "f1").asks == "photos"
    assert talk.sends("photo", "f2", "f3").asks == "photos"
    assert talk.state.prompts == 1
    assert talk.says("xong").asks == "send"
    assert talk.says("có").command == ("road", "Ổ gà trước chợ", ("f1", "f2", "f3"))


def test_no_ends_a_talk_without_a_command() -> None:
    """A refused confirmation ends with None."""
    assert at_the_end().says("không").command is None


def test_arguments_come_back_on_every_run() -> None:
    """What the talk was started with is kept on its row."""

    def lookup(ask: Ask, find: Find, code: str, tries: list[int]) -> object:
        return (code, tries, ask(Text("why", _("Why?"))))

    assert Talk(lookup, code="H55", tries=[1]).says("hỏi").command == ("H55", [1], "hỏi")
    with pytest.raises(ConversationError, match="plain JSON"):
        start("talk", "a1", {"when": NOW})


def test_a_silly_answer_gets_a_hint_and_the_question_again() -> None:
    """Stickers and nonsense are not kept; how often it was asked in a row is counted for L10."""
    talk = Talk(complaint).sends("sticker")
    assert (talk.asks, talk.state.prompts, talk.state.answers) == ("kind", 2, ())
    assert talk.hint == "Thank you for the sticker. Please answer in words, so that I note it correctly."
    assert talk.says("bánh mì").state.prompts == 3
    assert talk.taps("road").state.prompts == 1


# Back, change


def test_back_drops_the_last_answer() -> None:
    """Back asks the question before; at the first one there is nothing before."""
    talk = Talk(complaint).taps("road").says("Ổ gà to")
    assert talk.goes_back().asks == "detail"
    assert talk.goes_back().asks == "kind"
    assert drop_last(talk.state) is None
    assert talk.taps("lamp").says("Đèn hỏng").says("xong").says("có").command == ("lamp", "Đèn hỏng", ())


def test_back_leaves_photos_sent_so_far() -> None:
    """Going back from a half-answered question loses nothing of it."""
    talk = Talk(complaint).taps("road").says("Ổ gà to").sends("photo", "f1").goes_back()
    assert talk.asks == "detail"
    assert talk.says("Ổ gà rất to").says("xong").says("có").command == ("road", "Ổ gà rất to", ("f1",))


def test_an_earlier_answer_is_changed_and_the_rest_kept() -> None:
    """Changing the kind asks only the kind again, and then for the yes."""
    talk = at_the_end().changes("kind")
    assert talk.asks == "kind"
    assert talk.taps("rubbish").asks == "send"
    assert changeable(talk.state) == ("kind", "detail", "photos")
    assert talk.says("có").command == ("rubbish", "Ổ gà to", ("f1",))


def test_back_while_changing_restores_the_earlier_answer() -> None:
    """Whoever thinks better of a change stands where she stood."""
    talk = at_the_end().changes("kind")
    assert talk.goes_back().asks == "send"
    assert talk.goes_back().asks == "photos"
    assert at_the_end().changes("kind").changes("detail").goes_back().says("có").command == ("road", "Ổ gà to", ("f1",))


def test_changing_what_was_never_answered_changes_nothing() -> None:
    """A name without an answer leaves the talk as it is."""
    state = at_the_end().state
    assert forget(state, "nothing") == state


def appointment(ask: Ask, find: Find) -> object:
    day = ask(Choice("day", _("Which day?"), {"21": "Hôm nay", "22": "Ngày mai"}))
    slot = ask(Choice(f"slot:{day}", _("When?"), {"8": "8 giờ", "9": "9 giờ"}))
    return (day, slot, ask(Text("note", _("Note?"))), ask(Confirm("book", _("Book?"), [day, slot])))


def test_an_answer_named_after_another_is_asked_again_when_that_changes() -> None:
    """Another day asks for its slot; the note stays; back then leads to the slot of the new day."""
    talk = Talk(appointment).taps("21").taps("8").says("Khai sinh").changes("day")
    assert talk.taps("22").asks == "slot:22"
    assert talk.taps("9").asks == "book"
    assert talk.goes_back().asks == "note"
    assert talk.says("Kết hôn").asks == "book"
    assert talk.says("có").command == ("22", "9", "Kết hôn", True)


def test_back_goes_by_the_order_of_questions_not_of_typing() -> None:
    """After a change, back leads to the question before the open one."""
    talk = at_the_end().changes("kind").taps("lamp")
    assert [talk.goes_back().asks for _step in range(3)] == ["photos", "detail", "kind"]


# Taps


def test_a_tap_is_live_answered_or_none_of_this_talks_business() -> None:
    """The token names talk and question: so the caller knows what to offer."""
    state = Talk(complaint).taps("road").state
    assert classify_tap(state, TalkToken("a1", "detail", "x")) == "live"
    assert classify_tap(state, TalkToken("a1", "kind", "lamp")) == "answered"
    assert classify_tap(state, TalkToken("a1", "gone", "x")) == "other"
    assert classify_tap(state, TalkToken("b2", "detail", "x")) == "other"


# A deploy under a live talk


def test_a_question_added_by_a_deploy_is_asked() -> None:
    """What she answered stays; the new question comes, then the confirmation."""

    def added(ask: Ask, find: Find) -> object:
        kind = ask(Choice("kind", _("What is it about?"), KINDS))
        where = ask(Text("where", _("Where?")))
        return (kind, where, ask(Text("detail", _("What happened?"))))

    talk = Talk(complaint).taps("road").after_a_deploy(added)
    assert talk.says("Một câu cho câu hỏi cũ").asks == "where"
    assert talk.says("Thôn 2").asks == "detail"
    assert talk.says("Ổ gà to").command == ("road", "Thôn 2", "Ổ gà to")


def test_a_question_removed_by_a_deploy_is_ignored() -> None:
    """Its stored answer and the one on its way are dropped without a word."""

    def removed(ask: Ask, find: Find) -> object:
        return ask(Text("place", _("Where?")))

    talk = Talk(complaint).taps("road").after_a_deploy(removed).says("Ổ gà to")
    assert (talk.asks, talk.hint) == ("place", None)
    assert talk.says("Ngoài chợ").command == "Ngoài chợ"


def test_a_question_renamed_by_a_deploy_is_asked_anew() -> None:
    """New meaning, new name: an answer to the old name does not count."""

    def renamed(ask: Ask, find: Find) -> object:
        return (ask(Choice("topic", _("Which topic?"), KINDS)), ask(Text("detail", _("What happened?"))))

    talk = Talk(complaint).taps("road").says("Ổ gà to").after_a_deploy(renamed).says("xong")
    assert talk.asks == "topic"
    assert talk.taps("lamp").command == ("lamp", "Ổ gà to")


def test_an_option_withdrawn_by_a_deploy_is_asked_again() -> None:
    """Her earlier choice is gone: she is told so, and the rest is kept."""

    def withdrawn(ask: Ask, find: Find) -> object:
        kind = ask(Choice("kind", _("What is it about?"), {"lamp": "Đèn đường"}))
        return (kind, ask(Text("detail", _("What happened?"))))

    talk = Talk(complaint).taps("road").after_a_deploy(withdrawn).says("Ổ gà to")
    assert (talk.asks, talk.hint) == ("kind", GONE.id)
    assert talk.taps("road").hint == "That choice is no longer there. Please choose again."
    assert talk.taps("lamp").asks == "detail"


def test_a_number_typed_for_a_list_that_has_changed_is_asked_again() -> None:
    """While she looked at the list a slot went: her "2" is not taken for another hour."""

    def slots(*free: str) -> Callable[..., object]:
        return lambda ask, find: ask(Choice("slot", _("When?"), {each: f"{each} giờ" for each in free}))

    talk = Talk(slots("8", "9", "10")).after_a_deploy(slots("9", "10"))
    assert (talk.says("2").asks, talk.hint) == ("slot", CHANGED.id)
    assert talk.says("2").command == "10"
    assert Talk(slots("8", "9")).after_a_deploy(slots("9")).says("9 gio").command == "9"


def test_a_number_is_kept_as_the_option_it_meant() -> None:
    """A list that grows at the top afterwards does not move her choice."""

    def grown(ask: Ask, find: Find) -> object:
        return (ask(Choice("kind", _("?"), {"water": "Nước", **KINDS})), ask(Text("detail", _("What happened?"))))

    assert Talk(complaint).says("1").after_a_deploy(grown).says("Ổ gà to").command == ("road", "Ổ gà to")


def test_a_stale_yes_is_asked_again() -> None:
    """A yes counts only for the words that stood there when it was asked."""

    def reworded(ask: Ask, find: Find) -> object:
        kind = ask(Choice("kind", _("What is it about?"), KINDS))
        return ask(Confirm("send", _("Send this to the village head?"), [KINDS[kind], ask(Text("detail", _("?")))]))

    talk = at_the_end()
    assert talk.state.confirming
    talk.after_a_deploy(reworded).says("có")
    assert (talk.asks, talk.hint) == ("send", CHANGED.id)
    assert talk.says("có").command is True


def test_a_tap_under_an_older_summary_confirms_nothing() -> None:
    """She changed the detail; the button under the first summary no longer sends."""
    talk = at_the_end()
    ((old_yes, _label), _no) = talk.step.question.choices()
    talk.changes("detail").says("Ổ gà nhỏ thôi")
    assert (talk.asks, talk.taps(old_yes).hint) == ("send", CHANGED.id)
    ((new_yes, _label), _no) = talk.step.question.choices()
    assert talk.taps(new_yes).command == ("road", "Ổ gà nhỏ thôi", ("f1",))


def test_a_yes_in_mid_talk_falls_when_what_it_confirmed_changes() -> None:
    """Not only the last question: any earlier yes is asked again once its words are others."""

    def consent(words: str) -> Callable[..., object]:
        return lambda ask, find: (ask(Confirm("consent", _("Agree?"), [words])), ask(Text("name", _("Name?"))))

    talk = Talk(consent("Bản 1")).says("có").after_a_deploy(consent("Bản 2")).says("An")
    assert (talk.asks, talk.hint) == ("consent", CHANGED.id)
    assert talk.says("có").says("An").command == (True, "An")


def test_a_state_of_an_earlier_version_is_read() -> None:
    """Fields that did not exist when the row was written get their defaults."""
    assert State.from_json({"route": "talk", "talk": "a1"}) == State("talk", "a1")


# Once, Checked, Again


def one_time_code(ask: Ask, find: Find) -> object:
    phone = ask(Text("phone", _("Phone?")))
    sent = ask.once("send", ("send", phone), needs=("phone",))
    note = ask(Text("note", _("Note?")))
    return (phone, sent, note, ask(Text("last", _("Last?"))))


def test_once_is_performed_once_and_its_result_kept() -> None:
    """Later runs get the same result, and back skips it."""
    talk = Talk(one_time_code)
    talk.does = lambda command: {"number": len(talk.performed)}
    assert talk.says("0912").asks == "note"
    talk.says("a").goes_back()
    assert (talk.asks, talk.performed) == ("note", [("send", "0912")])
    assert talk.says("b").says("c").command == ("0912", {"number": 1}, "b", "c")
    assert len(talk.performed) == 1


def test_once_is_performed_anew_when_what_it_needs_changes() -> None:
    """Another phone gets another code; another note does not."""
    talk = Talk(one_time_code).says("0912").says("a").changes("note").says("b")
    assert talk.performed == [("send", "0912")]
    talk.changes("phone").says("0912")
    assert talk.performed == [("send", "0912")]
    talk.changes("phone").says("0913")
    assert talk.performed == [("send", "0912"), ("send", "0913")]
    assert talk.says("c").command == ("0913", ["send", "0913"], "b", "c")


def test_once_names_what_it_needs_before_it() -> None:
    """Needing an answer that this run has not asked is a programming error; so is a result that is not JSON."""
    with pytest.raises(ConversationError, match="needs phone"):
        Talk(lambda ask, find: ask.once("send", 1, needs=["phone"]))
    with pytest.raises(ConversationError, match="plain JSON"):
        Talk(lambda ask, find: ask.once("send", NOW))


def second_factor(ask: Ask, find: Find) -> object:
    code = ask(Text("code", _("Code?")))
    tail = Checked[dict[str, int]](
        f"tail:{code}", _("Last four digits?"), lambda text: ("check", code, text), str.isdecimal, _("Four digits.")
    )
    return (code, ask(tail), ask(Text("more", _("More?"))))


def checks(right: str, most: int = 3) -> Callable[[Any], Any]:
    """A check that locks at the `most`-th wrong try."""
    wrong: list[str] = []

    def check(command: tuple[str, str, str]) -> object:
        if command[2] == right:
            return Passed({"dossier": 7})
        wrong.append(command[2])
        return Locked(_("Locked.")) if len(wrong) >= most else Hint(_("Wrong."))

    return check


def test_a_checked_answer_is_tried_once_and_never_stored() -> None:
    """The check runs once for the event; later runs know only what passed."""
    talk = Talk(second_factor)
    talk.does = checks("4321")
    assert talk.says("H55").says("1111").hint == "Wrong."
    assert talk.says(" 4321 ").asks == "more"
    assert talk.performed == [("check", "H55", "1111"), ("check", "H55", "4321")]
    assert "4321" not in json.dumps(talk.state.to_json())
    assert "1111" not in json.dumps(talk.state.to_json())
    assert talk.says("x").command == ("H55", {"dossier": 7}, "x")
    assert len(talk.performed) == 2


def test_what_does_not_look_right_costs_no_try() -> None:
    """A sticker or "không nhớ" is answered with the hint and not counted."""
    talk = Talk(second_factor).says("H55").says("không nhớ")
    assert (talk.hint, talk.performed) == ("Four digits.", [])
    assert talk.sends("sticker").hint == "Four digits."
    assert talk.performed == []


def test_a_locked_check_ends_the_talk() -> None:
    """Wrong once too often: the talk is closed with the message."""
    talk = Talk(second_factor).says("H55")
    talk.does = checks("4321", most=2)
    talk.says("1111").says("2222")
    assert isinstance(talk.step, Closed)
    assert talk.step.msg.id == "Locked."


def test_back_over_a_checked_answer_checks_again() -> None:
    """Back drops what passed; another code is another check."""
    talk = Talk(second_factor).says("H55")
    talk.does = checks("4321")
    assert talk.says("4321").goes_back().asks == "tail:H55"
    talk.says("4321").changes("code")
    assert talk.says("G22").asks == "tail:G22"


def test_a_check_must_say_how_it_went() -> None:
    """Anything but Passed, Hint or Locked is a programming error."""
    with pytest.raises(ConversationError, match="Passed, Hint or Locked"):
        Talk(second_factor).says("H55").says("1111")


def test_a_stored_answer_cannot_pose_as_a_checked_one() -> None:
    """When a deploy turns a plain question into a checked one, the old words do not pass."""
    names = ("code", "tail:H55", "more")
    plain = Talk(lambda ask, find: [ask(Text(name, _("?"))) for name in names])
    talk = plain.says("H55").says("4321").after_a_deploy(second_factor).says("x")
    assert (talk.asks, talk.hint) == ("tail:H55", GONE.id)


def test_again_asks_that_answer_and_later_ones_anew() -> None:
    """The slot went while she confirmed: day stays, slot and what follows are asked with the hint."""
    gone = _("That hour has just been taken.")
    talk = Talk(appointment).taps("21").taps("8").says("Khai sinh").says("có")
    assert isinstance(talk.step, Ended)
    assert talk.is_told_again("slot:21", gone).asks == "slot:21"
    assert talk.hint == gone.id
    assert talk.taps("9").asks == "note"
    assert talk.says("Khai sinh").says("có").command == ("21", "9", "Khai sinh", True)
    with pytest.raises(ConversationError, match="no such answer"):
        talk.is_told_again("slot:22", gone)


def test_again_in_mid_talk_is_asked_at_once() -> None:
    """A command performed by once may send her back, too; it is not called in a circle."""
    talk = Talk(one_time_code)

    def refuse(command: Any) -> Any:
        raise Again("phone", _("That phone is on too many dossiers."))

    talk.does = refuse
    assert talk.says("0912").asks == "phone"
    assert talk.hint == "That phone is on too many dossiers."

    def restless(ask: Ask, find: Find, **args: Any) -> object:
        raise Again("x", _("Again."))

    with pytest.raises(ConversationError, match="no such answer"):
        Talk(restless)


# The clock


def reminder(ask: Ask, find: Find) -> object:
    if find.now >= NOW + timedelta(hours=1):
        return "late"
    return ask(Text("answer", _("Well?"), wake_at=NOW + timedelta(hours=1)))


def test_a_talk_is_woken_when_its_question_says_so() -> None:
    """`wake_at` is kept for the clock; when it comes, the run goes another way."""
    talk = Talk(reminder)
    assert talk.state.wake_at == NOW + timedelta(hours=1)
    woken = talk.wakes(minutes=10).step
    assert (talk.asks, woken.unchanged, talk.state.prompts) == ("answer", True, 1)
    assert talk.wakes(minutes=50).command == "late"
    assert talk.state.wake_at is None


def test_a_moment_that_has_passed_wakes_nobody_for_ever() -> None:
    """A wake_at in the past is not stored: a tick would find it due at every tick."""
    talk = Talk(lambda ask, find: ask(Text("answer", _("Well?"), wake_at=NOW)))
    assert talk.state.wake_at is None
    assert not talk.says("").step.unchanged


# Left unfinished


def test_what_is_left_unfinished_is_made_of_the_answers_so_far() -> None:
    """L27: a report with content files itself; photos that were still coming count."""
    talk = Talk(complaint).taps("road").says("Ổ gà to").sends("photo", "f1")
    left: dict[str, Any] = unfinished(complaint, dict, talk.state, talk.find)  # type: ignore[assignment]
    assert left == {"kind": "road", "detail": "Ổ gà to", "photos": ("f1",)}
    assert unfinished(complaint, lambda answers: answers.get("detail"), Talk(complaint).state, talk.find) is None


def test_an_answer_being_changed_counts_as_it_was() -> None:
    """Leaving in the middle of a change loses nothing."""
    talk = at_the_end().changes("kind")
    assert unfinished(complaint, lambda answers: answers["kind"], talk.state, talk.find) == "road"


def test_nothing_is_performed_for_a_talk_left_unfinished() -> None:
    """A once that had not run does not run now; what it would have been made of is there."""

    def undone(ask: Ask, find: Find) -> object:
        phone = ask(Text("phone", _("Phone?")))
        ask.once("send", phone, needs=["phone"])
        return phone

    state = Talk(one_time_code).says("0912").state
    later = State.from_json(state.to_json() | {"results": []})
    assert unfinished(undone, dict, later, View()) == {"phone": "0912"}


# Programming errors


def test_a_name_used_twice_is_an_error() -> None:
    """A loop has to put its key into the name; then it works."""
    with pytest.raises(ConversationError, match="asks 'q' twice"):
        Talk(lambda ask, find: [ask(Text("q", _("?"))) for _n in range(2)]).says("a")
    with pytest.raises(ConversationError, match="asks 'q' twice"):
        Talk(lambda ask, find: [ask.once("q", 1), ask(Text("q", _("?")))])
    survey = Talk(lambda ask, find: [ask(Text(f"q{n}", _("?"))) for n in range(3)])
    assert survey.says("a").says("b").says("c").command == ["a", "b", "c"]


def test_a_run_without_end_is_stopped() -> None:
    """A loop of effects stops with a clear error and not with a hanging turn."""

    def endless(ask: Ask, find: Find) -> None:
        number = 0
        while True:
            ask.once(f"n{number}", number)
            number += 1

    with pytest.raises(ConversationError, match="does it end"):
        Talk(endless)


def test_a_conversation_that_swallows_the_stop_is_found_out() -> None:
    """`except Exception` lets a question through; `except BaseException` is told off."""

    def careless(ask: Ask, find: Find) -> object:
        try:
            return ask(Text("q", _("?")))
        except Exception:
            return "never"

    def greedy(ask: Ask, find: Find) -> object:
        try:
            return ask(Text("q", _("?")))
        except BaseException:
            return "eaten"

    def stubborn(ask: Ask, find: Find) -> object:
        try:
            ask(Text("q", _("?")))
        except Unanswered:
            return ask(Text("r", _("?")))

    assert Talk(careless).asks == "q"
    with pytest.raises(ConversationError, match="let Unanswered pass"):
        Talk(greedy)
    assert Talk(stubborn).asks == "q"
