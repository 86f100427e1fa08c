"""What happens to her case, told to her: taken, handed on, asked, done, refused, joined, late (B06, G06, L31).

Under the official's name and post. Nothing of it leaves at night or on a quiet day, and no entry is told twice. With a
result she sees what she sent and what the office shows; whoever follows another's case sees only what officials show.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta

from bot import case_cards, ladder
from bot.case_access import address_of
from bot.routes import Routes
from bot.tokens import RouteToken
from bot.turn import Turn, Work
from handlers.cases import follow
from messages.cases import code
from messages.reply import Button, Reply, Signature, Text, _
from storage import case_told, cases, conversations, files, officials
from storage.cases import Case, Entry
from storage.officials import Official

routes = Routes()
BEFORE, AFTER = 3, 6
"""Pictures that are shown with a result: hers, and the office's."""
PERSON = Button(_("Talk to a person"), str(RouteToken("person")))
COMPLAINT = Button(_("How to complain"), str(RouteToken("complaint")))


@routes.event("case-news")
def news(turn: Turn, case: int, entry: int) -> None:
    """One entry of her case, or of the one hers follows."""
    found, said = cases.get(turn.db, turn.commune_id, case), cases.entry(turn.db, turn.commune_id, entry)
    if found is None or said is None or said.state != "queued" or address_of(found) != turn.address:
        return
    own = said.case_id == found.id
    tells = TOLD.get(said.kind)
    if tells is None or not (own or (said.kind in SHARED and found.main_id == said.case_id)):
        return
    reply = tells(turn, found, said)
    if reply is not None:
        _send(turn, reply, found, said)


def _send(turn: Turn, reply: Reply, found: Case, said: Entry) -> None:
    """In daytime, and not before it can be taken back no more."""
    at, names = turn.address, (*reply.pictures, *reply.documents)
    leaves = max(ladder.openings(turn, turn.now)[0], said.undo_until or turn.now)
    files.share_with(turn.db, turn.commune_id, names, at.channel, at.account, at.chat)
    ids = turn.send(at, reply, kind="notice", not_before=leaves, language=turn.language)
    case_told.add(turn.db, turn.commune_id, found.id, ids, turn.now)
    _may_be_typed(turn, reply, leaves)


def _may_be_typed(turn: Turn, reply: Reply, at: datetime) -> None:
    words = turn.place.catalogs
    items = [(words.text(each.label, turn.language), each.token) for each in reply.buttons]
    if items:
        conversations.show_list(
            turn.db, turn.commune_id, turn.lane_id, turn.address.sender, items, at, unasked=True
        )  # fmt: skip


@routes.tick("case-told", every=timedelta(minutes=5))
def unreached(work: Work) -> None:
    """Whoever has blocked us, or wrote too long ago for Zalo, is called: her card says so, once for each case."""
    over = case_told.ended(work.db, work.commune_id)
    for case_id in dict.fromkeys(each.case_id for each in over if not each.reached):
        found = cases.get(work.db, work.commune_id, case_id)
        if found is None or address_of(found) is None:
            continue
        cases.add(work.db, work.commune_id, case_id, "unreached", work.now)
        case_cards.show(work, found, loud=True)
    case_told.forget(work.db, work.commune_id, [each.outbox_id for each in over])


# --- what is told -----------------------------------------------------------------------------------------------------


def _by(turn: Turn, said: Entry) -> Official | None:
    return officials.get(turn.db, turn.commune_id, said.official_id) if said.official_id else None


def _signed(turn: Turn, said: Entry) -> Signature | None:
    by = _by(turn, said)
    return None if by is None else Signature(by.name, by.post)


def _see(case: Case) -> Button:
    return Button(_("See the report"), follow.tap("case", case))


def _taken(turn: Turn, case: Case, said: Entry) -> Reply | None:
    """Only the first time: who changes later is told when it matters to her."""
    first = cases.entries(turn.db, turn.commune_id, case.id, kinds=("taken", "handed"))[:1]
    by = follow.who(turn, said.official_id)
    if not case.is_open or by is None or (first and first[0].id != said.id):
        return None
    return Reply(
        _("{who}, has taken your report {code}.", who=by, code=code(case.number)),
        _("You get an answer by {day}.", day=follow.day(case.due_at)), buttons=(_see(case),),
    )  # fmt: skip


def _handed(turn: Turn, case: Case, said: Entry) -> Reply | None:
    to = follow.who(turn, said.data.get("to"))
    if not case.is_open or to is None or said.data.get("to") == said.official_id:
        return None
    return Reply(_("Your report {code} is now with {who}.", code=code(case.number), who=to), buttons=(_see(case),))


def _asked(turn: Turn, case: Case, said: Entry) -> Reply | None:
    if not case.is_open or case.asked_at is None:
        return None
    return Reply(
        _("About your report {code} the office would like to know:", code=code(case.number)), said.text,
        _("Please answer here, with words, a picture or a recording."), signature=_signed(turn, said),
        buttons=(Button(_("Answer"), follow.tap("case-answer", case)),),
    )  # fmt: skip


def _done(turn: Turn, case: Case, said: Entry) -> Reply | None:
    own = said.case_id == case.id
    if own and case.state != "done":
        return None
    before = _pictures(turn, _hers(turn, case))[:BEFORE] if own else ()
    after, papers = _pictures(turn, said.files)[:AFTER], _papers(turn, said.files)
    first = _("Your report {code} has been worked on. This is the result:", code=code(case.number))
    words: list[Text] = [first, *([said.text] if said.text else [])]
    if before and after:
        words.append(_("First you see what you sent, then how it is now."))
    return Reply(
        *words, _("Is it done?"), pictures=(*before, *after), documents=papers, signature=_signed(turn, said),
        buttons=follow.verdict_buttons(case),
    )  # fmt: skip


def _hers(turn: Turn, case: Case) -> list[str]:
    told = cases.entries(turn.db, turn.commune_id, case.id, kinds=("told", "added", "answered"))
    return [name for each in told for name in each.files]


def _pictures(turn: Turn, names: Iterable[str]) -> tuple[str, ...]:
    return _of_kind(turn, names, "photo")


def _papers(turn: Turn, names: Iterable[str]) -> tuple[str, ...]:
    return _of_kind(turn, names, "file")


def _of_kind(turn: Turn, names: Iterable[str], kind: str) -> tuple[str, ...]:
    wanted = list(names)
    kinds = files.shown(turn.db, turn.commune_id, wanted)
    return tuple(name for name in wanted if kinds.get(name) == kind)


def _refused(turn: Turn, case: Case, said: Entry) -> Reply | None:
    """The ground, and always who is responsible (B10)."""
    if said.case_id == case.id and case.state != "refused":
        return None
    owner = str(said.data.get("owner", "")).strip()
    words: list[Text] = [
        _("I am sorry: the commune cannot settle your report {code} itself.", code=code(case.number)),
        _("The ground: {ground}", ground=said.text),
    ]
    if owner:
        words.append(_("Responsible is: {owner}.", owner=owner))
    return Reply(
        *words, _("If you do not agree, you may ask a person or learn how to complain."),
        signature=_signed(turn, said), pictures=_pictures(turn, said.files), documents=_papers(turn, said.files),
        buttons=(PERSON, COMPLAINT, _see(case)),
    )  # fmt: skip


def _joined(turn: Turn, case: Case, said: Entry) -> Reply | None:
    main = cases.get(turn.db, turn.commune_id, case.main_id) if case.main_id else None
    if main is None or case.state != "joined":
        return None
    return Reply(
        _("Others have reported the same work as your {code}.", code=code(case.number)),
        _("It goes on under {code}. Your number stays valid.", code=code(main.number)), buttons=(_see(case),),
    )  # fmt: skip


def _parted(turn: Turn, case: Case, said: Entry) -> Reply | None:
    if not case.is_open:
        return None
    return Reply(_("Your report {code} is again worked on by itself.", code=code(case.number)), buttons=(_see(case),))


def _late(turn: Turn, case: Case, said: Entry) -> Reply | None:
    """An apology first, no reason made up, and what happens now."""
    if not case.is_open:
        return None
    return Reply(
        _("The office apologises: your report {code} was not answered by the day it promised.",
          code=code(case.number)),
        _("It has now been put before the leader of the commune."),
        _("You are told as soon as there is an answer."), buttons=(_see(case), PERSON),
    )  # fmt: skip


def _urgent(turn: Turn, case: Case, said: Entry) -> Reply | None:
    if not case.is_open or not case.urgent:
        return None
    return Reply(
        _("The office treats your report {code} as pressing.", code=code(case.number)),
        _("You get an answer by {day}.", day=follow.day(case.due_at)), buttons=(_see(case),),
    )  # fmt: skip


def _seen(turn: Turn, case: Case, said: Entry) -> Reply | None:
    if not case.is_open:
        return None
    return Reply(_("Somebody has looked at {code} on the spot.", code=code(case.number)), buttons=(_see(case),))


TOLD: Mapping[str, Callable[[Turn, Case, Entry], Reply | None]] = {
    "taken": _taken, "handed": _handed, "asked": _asked, "done": _done, "refused": _refused, "joined": _joined,
    "parted": _parted, "late": _late, "urgent": _urgent, "seen": _seen,
}  # fmt: skip
"""By the kind of an entry. An official's words ("reply") are sent by `handlers.cases.reply` itself."""
SHARED = frozenset({"done", "refused"})
"""What is told to those whose cases follow another, too."""
