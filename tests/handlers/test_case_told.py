"""What happens to her case is told to her (B06, G06, B10, L31), and her word on it: done, partly, not done, silence."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from bot import case_news, casework, outcome
from bot.settings import ZONE
from handlers.cases import told, verdict
from storage import cases, files, inbox
from storage.cases import Case
from storage.outbox import outbox
from storage.sealing import unseal_json
from tests.bot.turns import VILLAGER, Chats, Said, Who
from tests.handlers.test_case_follow import asked, filed, kinds, now_of, work

NEIGHBOUR = Who("", "neighbour")


def tells(chats: Chats, case: Case, entry: int, who: Who = VILLAGER) -> Said:
    """The entry is told; what her chat was sent."""
    case_news.tell(work(chats), now_of(chats, case), entry)
    chats._turns()
    return chats._said(who, None)


def picture(chats: Chats, name: str, who: Who = VILLAGER, kind: str = "photo") -> str:
    media = "image/jpeg" if kind == "photo" else "application/pdf"
    files.add(chats.db, 1, name, "web", who.account, who.chat, kind, media, 10, "", chats.now)
    return name


def done(chats: Chats, case: Case, words: str = "Đã khơi cống ngày hôm qua", **more: Any) -> int:
    """An official closes it with a result, as handlers.cases.close does."""
    by = chats._person("clerk")
    cases.change(chats.db, 1, case.id, taken_by=by.id)
    assert cases.move(chats.db, 1, case.id, ("open",), "done", done_at=chats.now)
    return cases.add(chats.db, 1, case.id, "done", chats.now, text=words, official_id=by.id, **more)


def leaves(chats: Chats) -> datetime:
    """When the latest message to her may leave."""
    table = outbox
    asked = select(table.c.not_before).where(table.c.chat == VILLAGER.chat).order_by(table.c.id.desc()).limit(1)
    return chats.db.execute(asked).scalar_one().astimezone(ZONE)


# --- on the way -------------------------------------------------------------------------------------------------------


def test_G06_who_has_taken_it_is_told_by_name_and_post_once(chats: Chats) -> None:
    made, by = filed(chats), chats._person("clerk")
    cases.take(chats.db, 1, made.id, by.id)
    entry = cases.add(chats.db, 1, made.id, "taken", chats.now, official_id=by.id)
    first = tells(chats, made, entry)
    assert f"{by.name}, {by.post}" in first.text
    assert "PA-0001" in first.text
    assert not tells(chats, made, entry).bodies, "the same entry is told once"
    other = chats._person("chairman")
    cases.take(chats.db, 1, made.id, other.id, instead=True)
    again = cases.add(chats.db, 1, made.id, "taken", chats.now, official_id=other.id)
    assert not tells(chats, made, again).bodies, "only the first taking is news"


def test_G06_she_hears_who_has_it_now(chats: Chats) -> None:
    made, by, to = filed(chats), chats._person("clerk"), chats._person("official")
    cases.take(chats.db, 1, made.id, to.id)
    entry = cases.add(chats.db, 1, made.id, "handed", chats.now, official_id=by.id, data={"to": to.id})
    assert f"nay do {to.name}, {to.post} giải quyết" in tells(chats, made, entry).text


def test_B04_a_question_comes_signed_and_its_button_leads_to_the_answer(chats: Chats) -> None:
    made = filed(chats)
    said = tells(chats, made, asked(chats, made))
    assert "Cống tắc ở phía nào ạ?" in said.text
    assert said.bodies[-1]["signature"]["name"] == chats._person("clerk").name
    assert "Cống tắc ở phía nào" in chats.taps(said.buttons[0]["token"]).text


def test_B04_a_pressing_case_has_another_day(chats: Chats) -> None:
    made = filed(chats)
    cases.change(chats.db, 1, made.id, urgent=True)
    entry = cases.add(chats.db, 1, made.id, "urgent", chats.now, official_id=chats._person("clerk").id)
    assert "là việc gấp" in tells(chats, made, entry).text


def test_B06_a_late_case_is_apologised_for_without_a_reason(chats: Chats) -> None:
    made = filed(chats)
    entry = cases.add(chats.db, 1, made.id, "late", chats.now)
    said = tells(chats, made, entry)
    assert said.text.startswith("UBND xã xin lỗi")
    assert "lãnh đạo xã" in said.text
    assert " vì " not in said.text


def test_B10_a_refusal_names_the_ground_and_who_is_responsible(chats: Chats) -> None:
    made, by = filed(chats), chats._person("clerk")
    cases.move(chats.db, 1, made.id, ("open",), "refused", done_at=chats.now)
    entry = cases.add(
        chats.db, 1, made.id, "refused", chats.now, text="Cống thuộc đường tỉnh", official_id=by.id,
        data={"owner": "Đoạn quản lý đường bộ"},
    )  # fmt: skip
    said = tells(chats, made, entry)
    assert "Cống thuộc đường tỉnh" in said.text
    assert "Đoạn quản lý đường bộ" in said.text
    assert {"#person:", "#complaint:"} <= {each["token"] for each in said.buttons}
    assert said.bodies[-1]["signature"]["post"] == by.post


def test_L31_notices_wait_for_the_morning(chats: Chats) -> None:
    """Unasked words leave in daytime; her own tap is answered at night, too."""
    made = filed(chats)
    entry = done(chats, made)
    chats.clock.advance(datetime(2026, 12, 1, 23, 0, tzinfo=ZONE) - chats.now)
    said = tells(chats, made, entry)
    assert said.bodies
    assert leaves(chats).hour == 7
    chats.taps(f"#case-yes:{made.id}")
    assert leaves(chats).hour == 23


def test_B06_what_was_taken_back_is_not_told(chats: Chats) -> None:
    made = filed(chats)
    entry = done(chats, made)
    cases.set_entry(chats.db, 1, entry, "undone")
    assert not tells(chats, made, entry).bodies


# --- done -------------------------------------------------------------------------------------------------------------


def test_B06_a_result_is_shown_before_and_after(chats: Chats) -> None:
    """Her picture, then the office's, the paper, and three buttons; she may fetch what the office sent."""
    made = filed(chats)
    cases.add(chats.db, 1, made.id, "added", chats.now, files=[picture(chats, "before")])
    after, paper = picture(chats, "after", Who("office", "official:1")), None
    paper = picture(chats, "minutes", Who("office", "official:1"), "file")
    said = tells(chats, made, done(chats, made, files=[after, paper]))
    assert "Đã khơi cống" in said.text
    assert "Đã xong chưa" in said.text
    assert [name for body in said.bodies for name in body.get("pictures", ())] == ["before", "after"]
    assert [name for body in said.bodies for name in body.get("documents", ())] == ["minutes"]
    assert all(files.is_shared(chats.db, 1, name, "web", "", VILLAGER.chat) for name in ("after", "minutes"))
    assert [each["token"].partition(":")[0] for each in said.buttons] == ["#case-yes", "#case-partly", "#case-no"]


def test_L31_who_follows_another_case_sees_only_the_offices_pictures(chats: Chats) -> None:
    made, other = filed(chats), filed(chats, NEIGHBOUR, "Cống tắc, nước vào sân nhà tôi")
    cases.add(chats.db, 1, made.id, "added", chats.now, files=[picture(chats, "before")])
    cases.move(chats.db, 1, other.id, ("open",), "joined", main_id=made.id)
    joined = cases.add(chats.db, 1, other.id, "joined", chats.now, data={"main": made.id})
    assert "PA-0001" in tells(chats, other, joined, NEIGHBOUR).text
    after = picture(chats, "after", Who("office", "official:1"))
    said = tells(chats, made, done(chats, made, files=[after]), NEIGHBOUR)
    assert [name for body in said.bodies for name in body.get("pictures", ())] == ["after"]
    assert "PA-0002" in said.text
    assert said.buttons[0]["token"] == f"#case-yes:{other.id}"
    chats.taps(f"#case-yes:{other.id}", NEIGHBOUR)
    assert now_of(chats, other).state == "settled"
    assert now_of(chats, made).state == "done"


def test_L31_one_neighbour_says_that_it_is_not_done(chats: Chats) -> None:
    """Her own case is open again by itself; that of the other stays as it is."""
    made, other = filed(chats), filed(chats, NEIGHBOUR)
    cases.move(chats.db, 1, other.id, ("open",), "joined", main_id=made.id)
    assert "được làm chung" in chats.taps(f"#case-no:{other.id}", NEIGHBOUR).text, "nothing has been told yet"
    done(chats, made)
    chats.taps(f"#case-no:{other.id}", NEIGHBOUR)
    fresh = now_of(chats, other)
    assert fresh.is_open
    assert fresh.main_id is None
    assert fresh.reopened == 1
    assert now_of(chats, made).state == "done"


def test_B06_ended_by_an_official_both_hear_and_either_may_say_not_done(chats: Chats) -> None:
    """The whole way: ended as officials end it, told, opened again, ended once more; who follows hears each result."""
    made, other = filed(chats), filed(chats, NEIGHBOUR)
    assert casework.join(work(chats), now_of(chats, other), now_of(chats, made))
    by = chats._person("clerk").id
    for words in ("Đã khơi cống", "Đã khơi hết cống"):
        assert outcome.end(work(chats), now_of(chats, made), "done", by, words, {})
        chats._turns()
        said = chats._said(VILLAGER, None)
        assert sum(words in body["text"] for body in said.everything if "Đã xong chưa" in body["text"]) == 2
        assert words in said.text
        chats.taps(f"#case-no:{made.id}")
        chats.says("bỏ qua")
    assert now_of(chats, made).reopened == 2
    assert now_of(chats, other).state == "joined"


@pytest.mark.parametrize(("token", "how"), [("case-yes", "yes"), ("case-partly", "partly")])
def test_B06_she_says_that_it_is_done_and_twice_is_once(chats: Chats, token: str, how: str) -> None:
    made = filed(chats)
    done(chats, made)
    chats.later(days=30)
    for _time in range(2):
        chats.taps(f"#{token}:{made.id}")
    fresh = now_of(chats, made)
    assert (fresh.state, fresh.satisfied) == ("settled", how)
    assert kinds(chats, made).count("agreed") == 1


def test_B06_whoever_is_not_reached_is_to_be_called(chats: Chats) -> None:
    """A message that cannot arrive shows on the card, once, with "I have called"; what arrived says nothing."""
    made = filed(chats)
    for state in ("sent", "unreachable"):
        cases.change(chats.db, 1, made.id, state="open")
        tells(chats, made, done(chats, made))
        hers = outbox.c.chat == VILLAGER.chat
        chats.db.execute(outbox.update().where(hers, outbox.c.state == "queued").values(state=state))
        for _tick in range(2):
            told.unreached(work(chats))
        assert kinds(chats, made).count("unreached") == (state == "unreachable")
    said = tells_office(chats)
    assert "Tin báo chưa tới được người gửi" in said["text"]
    assert "Đã gọi" in [each["label"] for each in said["buttons"]]
    chats.taps(f"#case-called:{made.id}", chats.official("clerk"))
    assert "Đã gọi" not in [each["label"] for each in tells_office(chats)["buttons"]]


def tells_office(chats: Chats) -> dict[str, Any]:
    """The newest card in the office's stream."""
    table = outbox
    found = select(table.c.body).where(table.c.chat == "office", table.c.kind == "card").order_by(table.c.id.desc())
    body: dict[str, Any] = unseal_json(chats.db, chats.db.execute(found.limit(1)).scalar_one())
    return body


def test_B06_not_done_opens_it_again_and_alerts_the_leader(chats: Chats) -> None:
    """One tap on an old message: open, a new deadline, the leader and whoever has it in their own chats; then words."""
    made = filed(chats)
    done(chats, made)
    chats.later(days=20)
    said = chats.taps(f"#case-no:{made.id}")
    fresh = now_of(chats, made)
    assert (fresh.state, fresh.reopened, fresh.done_at, fresh.satisfied) == ("open", 1, None, "no")
    assert chats.now < fresh.due_at < chats.now + timedelta(days=5)
    assert "Còn thiếu gì" in said.text
    for role in ("chairman", "clerk"):
        rows = chats.db.execute(select(outbox.c.id).where(outbox.c.chat == f"official:{chats._person(role).id}")).all()
        assert rows, role
    chats.taps(f"#case-no:{made.id}")
    assert now_of(chats, made).reopened == 1
    assert kinds(chats, made).count("reopened") == 1


def test_B06_what_is_missing_may_be_said_or_left(chats: Chats) -> None:
    made = filed(chats)
    done(chats, made)
    chats.says("chưa xong")
    chats.says("Mới khơi được nửa cống")
    assert kinds(chats, made)[-2:] == ["reopened", "added"]
    done(chats, now_of(chats, made))
    chats.taps(f"#case-no:{made.id}")
    chats.says("bỏ qua")
    assert now_of(chats, made).reopened == 2


def test_B06_silence_settles_it_and_is_counted_apart(chats: Chats) -> None:
    """After five working days, without a word to her; refused ones stay refused."""
    made, no = filed(chats), filed(chats, Who("", "third"))
    done(chats, made)
    cases.move(chats.db, 1, no.id, ("open",), "refused", done_at=chats.now)
    verdict.settle(work(chats))
    assert now_of(chats, made).state == "done"
    chats.clock.advance(timedelta(days=8))
    verdict.settle(work(chats))
    said = chats._said(VILLAGER, None)
    assert not said.bodies
    assert (now_of(chats, made).state, now_of(chats, made).satisfied) == ("settled", "silent")
    assert now_of(chats, no).state == "refused"
    assert now_of(chats, no).closed_at is not None
    assert "đã được mở lại" in chats.taps(f"#case-no:{made.id}").text


# --- for everybody ----------------------------------------------------------------------------------------------------


def test_B05_what_is_published_has_nothing_of_hers(chats: Chats) -> None:
    made = filed(chats)
    cases.add(chats.db, 1, made.id, "added", chats.now, files=[picture(chats, "before")])
    assert "chưa có việc nào" in chats.says("việc xã đã giải quyết", NEIGHBOUR).text
    done(chats, made, files=[picture(chats, "after", Who("office", "official:1"))])
    assert "chưa có việc nào" in chats.says("việc xã đã giải quyết", NEIGHBOUR).text
    cases.change(chats.db, 1, made.id, published=True, title="Khơi cống đầu thôn")
    said = chats.says("việc xã đã giải quyết", NEIGHBOUR)
    assert "Khơi cống đầu thôn (Thôn Suối Trên" in said.text
    assert "Đã khơi cống ngày hôm qua" in said.text
    assert "Páo" not in said.text
    assert "PA-0001" not in said.text
    one = chats.taps(said.buttons[0]["token"], NEIGHBOUR)
    assert [name for body in one.bodies for name in body.get("pictures", ())] == ["after"]
    cases.change(chats.db, 1, made.id, published=False)
    assert not chats.taps(said.buttons[0]["token"], NEIGHBOUR).bodies[0].get("pictures")


def test_the_internal_event_is_made_once(chats: Chats) -> None:
    """Told twice by two officials' turns, it is one event."""
    made = filed(chats)
    entry = done(chats, made)
    for _time in range(2):
        case_news.tell(work(chats), now_of(chats, made), entry)
    found = chats.db.execute(select(inbox.inbox.c.id).where(inbox.inbox.c.event_id.like("%case-news%"))).all()
    assert len(found) == 1
