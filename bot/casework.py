"""Cases at work: filing one, and its deadline (who may read it: bot.case_access).

Every door files through `file`, so that whatever comes in has a number, a deadline, words to be found by, and a card.
What accuses a person, a complaint against a decision and a crime never come here (handlers.sealed, handlers.petitions).
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from bot import case_cards, case_news
from bot.calendar import Calendar
from bot.case_access import may_read
from bot.turn import Address, Work
from messages.cases import SENSITIVE
from messages.fold import fold
from messages.reply import _
from storage import case_joins, case_words, cases
from storage.cases import Case, case_file
from storage.officials import Official

LONGEST_WORD = 24


@dataclasses.dataclass(frozen=True)
class Draft:
    """What is to be filed. `place`: latitude, longitude; `reporter`: name and phone, if she gave them."""

    text: str
    kind: str = "report"
    field: str = "other"
    lane: str = "office"
    source: str = "chat"
    files: tuple[str, ...] = ()
    village: str | None = None
    place: tuple[float, float] | None = None
    title: str | None = None
    reporter: Mapping[str, str] = dataclasses.field(default_factory=dict)
    hides_name: bool = False
    kept_from_head: bool = False
    sensitive: bool = False


def file(
    work: Work, draft: Draft, to: Address | None = None, citizen_id: int | None = None, by: Official | None = None
) -> Case:
    """Give it a number and show it to whoever may read it. to: where she is answered; by: who wrote it down for her."""
    due, remind = times(work, draft.kind)
    found = cases.open(
        work.db, work.commune_id, to, citizen_id, work.now, kind=draft.kind, field=draft.field, due_at=due,
        remind_at=remind, lane=draft.lane, source=draft.source, village=draft.village, title=draft.title,
        reporter=draft.reporter, hides_name=draft.hides_name, kept_from_head=draft.kept_from_head,
        sensitive=draft.sensitive or draft.field in SENSITIVE, filed_by=by.id if by else None,
    )  # fmt: skip
    where = {"place": list(draft.place)} if draft.place else None
    cases.add(work.db, work.commune_id, found.id, "told", work.now, text=draft.text, files=draft.files, data=where)
    if by is not None:
        cases.add(work.db, work.commune_id, found.id, "opened", work.now, official_id=by.id)
    case_words.add(work.db, work.commune_id, found.id, words_of(draft.text, draft.village, draft.place))
    case_cards.show(work, found, loud=True)
    return found


def join(work: Work, case: Case, main: Case, by: Official | None = None) -> bool:
    """From now on `case`, and what followed it, follows `main`: it keeps its number and its words, and its reporter
    hears what is done about the other (L31). False when one of them is not open any more, or they are the same.
    """
    main = main_of(work, main)
    both = {case.id, main.id}
    if len(both) < 2 or case_joins.held_open(work.db, work.commune_id, both) != both:
        return False
    followers = cases.joined_to(work.db, work.commune_id, case.id)
    cases.move(work.db, work.commune_id, case.id, [cases.OPEN], "joined", main_id=main.id, remind_at=None)
    for each in followers:
        cases.change(work.db, work.commune_id, each.id, main_id=main.id)
    cases.add(
        work.db, work.commune_id, case.id, "joined", work.now, official_id=by.id if by else None, data={"main": main.id}
    )
    case_cards.show(work, replace(case, state="joined", main_id=main.id))
    case_cards.show(work, main)
    return True


def part(work: Work, case: Case, by: Official | None = None) -> bool:
    """It was not the same work after all: open again by itself, with the deadline it had. False: it followed none."""
    remind = max(work.now, work.now + (case.due_at - work.now) / 2)
    if not cases.move(
        work.db, work.commune_id, case.id, ["joined"], cases.OPEN, main_id=None, remind_at=remind, done_at=None,
        closed_at=None,
    ):  # fmt: skip
        return False
    main = main_of(work, case)
    cases.add(
        work.db, work.commune_id, case.id, "parted", work.now, official_id=by.id if by else None,
        data={"main": main.id},
    )  # fmt: skip
    case_cards.show(work, replace(case, state=cases.OPEN, main_id=None))
    case_cards.show(work, main)
    return True


def main_of(work: Work, case: Case) -> Case:
    """The case it follows, where what is done about it stands; itself when it follows none."""
    main = cases.get(work.db, work.commune_id, case.main_id) if case.state == "joined" and case.main_id else None
    return main or case


def people(work: Work, case: Case) -> int:
    """How many people told of its work: of this case and of those that follow it, each person once."""
    return case_joins.people(work.db, work.commune_id, case.id)


def words_of(text: str, village: str | None = None, place: tuple[float, float] | None = None) -> list[str]:
    """By which words a case is found: those of the text and thôn without accents, and the squares of its place."""
    plain = [word for word in fold(f"{text} {village or ''}").split() if len(word) <= LONGEST_WORD]
    return [*dict.fromkeys(plain), *(case_words.squares(place) if place else ())]


def times(work: Work, kind: str, *, urgent: bool = False) -> tuple[datetime, datetime]:
    """When an answer is due, and when the first reminder comes: half way."""
    calendar, days = Calendar(work.commune), work.commune.cases.days(kind, urgent=urgent)
    due = calendar.due(work.now, days)
    return due, calendar.due(work.now, days / 2)


def stand_in(work: Work, away: Official, acting: Official) -> list[Case]:
    """The cases somebody has go to whoever stands in for him; those that one may not read stay. Whoever reported hears
    who has it now. What is past the counter never comes to a clerk this way (A19).
    """
    task = work.place.catalogs.text(_("while {name} is away", name=away.name), work.place.language)
    moved = []
    for each in cases.listed(work.db, work.commune_id, case_file.c.taken_by == away.id, case_file.c.state == "open"):
        past_him = each.lane != "office" and acting.role == "clerk"
        if past_him or not may_read(work, acting, replace(each, taken_by=None)):
            continue
        cases.take(work.db, work.commune_id, each.id, acting.id, instead=True)
        entry = cases.add(
            work.db, work.commune_id, each.id, "handed", work.now, official_id=away.id,
            data={"to": acting.id, "task": task},
        )  # fmt: skip
        his = replace(each, taken_by=acting.id)
        case_cards.show(work, his)
        case_news.tell(work, his, entry)
        moved.append(his)
    return moved
