"""Approved letters go out: by the ladder as picture and PDF, or printed and handed over; and the list of them (E07).

A letter about a dossier bears names, so it goes only where its second factor was right (L05). Whoever wants no
greetings gets none by chat; whoever no message can reach gets the letter by hand. What went out is listed by month, for
the file of evidence.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from bot import approval_cards as cards
from bot import approvals as mechanism
from bot import dossier_notices, duty, reach
from bot.approval_letters import named
from bot.reach import Notice
from bot.routes import Routes
from bot.settings import ZONE
from bot.tokens import RouteToken
from bot.turn import Turn, Work
from handlers.letters import approvals as letters
from messages.reply import Button, Msg, Personal, Reply, Text, _
from storage import approvals, dossiers, links, notices, stops
from storage.approvals import Approval
from storage.audience import Recipient

routes = Routes()

JOY = frozenset({"marriage", "birth", "thanks"})
"""Greetings: whoever has stopped those is not written to (L17)."""
WORDS: dict[str, Callable[[str], Msg]] = {
    "marriage": lambda office: _("{office} sends you a letter of congratulation on your marriage.", office=office),
    "birth": lambda office: _(
        "{office} sends your family a letter of congratulation on the child's birth.", office=office
    ),
    "condolence": lambda office: _("{office} sends your family a letter of condolence.", office=office),
    "thanks": lambda office: _("{office} sends you a letter of thanks.", office=office),
    "support": lambda office: _("{office} sends your family a letter about the help that is coming.", office=office),
    "apology-mistake": lambda office: _(
        "{office} apologises for its mistake and sends you this letter.", office=office
    ),
}  # fmt: skip
WAYS = {"notice": _("sent by message"), "hand": _("handed over in person")}
LISTED = 40
FOLLOWED = timedelta(days=15)
"""How long a letter's message may be under way: its notice is dropped a day before."""


# --- sending ----------------------------------------------------------------------------------------------------------


@routes.event("approved-marriage")
@routes.event("approved-birth")
@routes.event("approved-condolence")
@routes.event("approved-thanks")
@routes.event("approved-support")
@routes.event("approved-apology-mistake")
def approved(turn: Turn, approval: int) -> None:
    """It is signed and drawn."""
    deliver(turn, approval)


@routes.event("refused-marriage")
@routes.event("refused-birth")
@routes.event("refused-condolence")
@routes.event("refused-thanks")
@routes.event("refused-support")
@routes.event("refused-apology-mistake")
def nothing(turn: Turn, approval: int) -> None:
    """Nobody was promised anything: whoever proposed it has been told."""


def deliver(work: Work, approval_id: int) -> None:
    """By the ladder when a message can reach whom it is for, else by hand."""
    found = approvals.get(work.db, work.commune_id, approval_id)
    if found is None or found.state != "approved":
        return
    if found.kind == "condolence" and work.commune.letters.leaflet:
        leaflet = _("The leaflet on plain funerals is given apart, by hand, when it suits the family.")
        duty.tell(work, duty.clerks(work), Reply(leaflet))
    made = _notice(work, found)
    if made is not None:
        mechanism.sent(work, found.id, "notice", made)
    else:
        _by_hand(work, found)


def _notice(work: Work, found: Approval) -> int | None:
    people = _people(work, found)
    if not people:
        return None
    told = _told(work, found, people)
    if told is None or not _reachable(work, told, people):
        return None
    return reach.make(work, told, people)


def _told(work: Work, found: Approval, people: list[Recipient]) -> Notice | None:
    pictures, documents = tuple(filter(None, [found.png])), tuple(filter(None, [found.pdf]))
    about = dossiers.get(work.db, work.commune_id, found.dossier_id) if found.dossier_id else None
    first = WORDS[found.kind](work.commune.name)
    if about is not None:
        return dossier_notices.notice(
            work, "letter", about, people, once=f"approval:{found.id}", first=[first], pictures=pictures,
            documents=documents,
        )  # fmt: skip
    words = Reply(first, pictures=pictures, documents=documents)
    return Notice("letter", f"letter:{found.id}", words, topic="notices", calls=False)


def _people(work: Work, found: Approval) -> list[Recipient]:
    """Whom it is for: of a dossier, where its second factor was right (L05); nobody who has stopped greetings."""
    people: list[Recipient] = []
    if found.dossier_id is not None:
        known = links.proven(work.db, work.commune_id, found.dossier_id)
        people = [each for each in dossier_notices.audience(work, found.dossier_id) if each.citizen_id in known]
    elif found.citizen_id is not None:
        people = [Recipient(found.citizen_id)]
    return [each for each in people if not (found.kind in JOY and _wants_none(work, each))]


def _wants_none(work: Work, each: Recipient) -> bool:
    mine = each.citizen_id
    return mine is not None and "greetings" in stops.stopped(work.db, work.commune_id, mine)


def _reachable(work: Work, told: Notice, people: list[Recipient]) -> bool:
    """Whether a message goes to at least one of them; being called is no letter."""
    planned = reach.plan(work, [(told, people)])
    return planned.free + planned.paid > 0


def _by_hand(work: Work, found: Approval) -> None:
    """The clerk prints it and hands it over."""
    to = named(found.data)
    words: list[Text] = [_("Letter {number} is approved: {title}.", number=found.id, title=cards.title(found))]
    words += [_("To: {name}", name=Personal(to, "name"))] if to else []
    given = Button(_("It was handed over"), str(RouteToken("letter-given", (str(found.id),))))
    files = tuple(filter(None, [found.pdf or found.png]))
    ask = _("No message reaches them. Please print it and hand it over in person.")
    for clerk in duty.clerks(work) or duty.heads(work):
        work.send(duty.chats(work, clerk)[0], Reply(*words, ask, documents=files, buttons=(given,)))


@routes.tick("letters-not-reached", every=timedelta(hours=1))
def not_reached(work: Work) -> None:
    """A letter whose message reached nobody after all is handed over like one for whoever has no messenger."""
    for found in approvals.decided(work.db, work.commune_id, work.now - FOLLOWED, work.now):
        ours = found.kind in WORDS and found.way == "notice"
        if not ours or not _failed(work, found.notice_id):
            continue
        if approvals.move(work.db, found, work.commune_id, "approved", way=None):
            approvals.note(work.db, work.commune_id, found.id, found.version, "unreached", None, work.now)
            _by_hand(work, found)


@routes.tap("letter-given", role="official")
def given(turn: Turn, number: str = "") -> Reply:
    """Somebody has handed it over."""
    found = letters.of(turn, number)
    if isinstance(found, Reply):
        return found
    if found.state == "approved":
        mechanism.sent(turn, found.id, "hand")
        return Reply(_("Noted. Thank you."))
    return Reply(cards.decided(turn, found))


# --- the list ---------------------------------------------------------------------------------------------------------


@routes.command("/thu", words=("danh sách thư",), role="official")
def listed(turn: Turn, rest: str = "") -> Reply:
    """The letters of a month ("/thu 10/2026"; without one, of this month)."""
    if turn.in_group:
        return Reply(letters.IN_GROUP)
    first, until = _month(turn.now.astimezone(ZONE), rest)
    found = approvals.decided(turn.db, turn.commune_id, first, until)
    month = f"{first.month:02}/{first.year}"
    before = datetime(first.year - (first.month == 1), (first.month - 2) % 12 + 1, 1, tzinfo=ZONE)
    back = Button(_("The month before"), str(RouteToken("letters", (f"{before.month}/{before.year}",))))
    if not found:
        return Reply(_("No letter was approved in {month}.", month=month), buttons=(back,))
    head = _("{count} letters were approved in {month}:", count=len(found), month=month)
    return Reply(head, *(_line(turn, each) for each in found[-LISTED:]), buttons=(back,))


@routes.tap("letters", role="official")
def listed_tap(turn: Turn, month: str = "") -> Reply:
    """The list of another month."""
    return listed(turn, month)


def _month(now: datetime, written: str) -> tuple[datetime, datetime]:
    month, _slash, year = written.strip().partition("/")
    at = (now.year, now.month)
    if month.isdecimal() and year.isdecimal() and 1 <= int(month) <= 12 and 2000 <= int(year) <= 9000:
        at = (int(year), int(month))
    first = datetime(*at, 1, tzinfo=ZONE)
    return first, datetime(at[0] + (at[1] == 12), at[1] % 12 + 1, 1, tzinfo=ZONE)


def _line(work: Work, found: Approval) -> Msg:
    title, when = cards.title(found), found.decided_at or found.asked_at
    day = when.astimezone(ZONE).date()
    paper = _("number {number}", number=found.number) if found.number else _("information letter, without a number")
    how = WAYS[found.way] if found.way in WAYS else _("not handed over yet")
    if found.state == "sent" and _failed(work, found.notice_id):
        how = _("no message arrived; please hand it over")
    return _(
        "{day}, letter {item}: {title}, {paper}, signed by {name}, {how}.",
        day=day, item=found.id, title=title, paper=paper, name=found.signer, how=how,
    )  # fmt: skip


def _failed(work: Work, notice_id: int | None) -> bool:
    """Whether nobody got the message in the end."""
    if notice_id is None:
        return False
    states = notices.counts(work.db, work.commune_id, notice_id)
    return bool(states) and not states.keys() & {"waiting", "sending", "sent", "delivered", "uncertain", "called"}
