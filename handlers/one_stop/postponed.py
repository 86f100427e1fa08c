"""What becomes of a new date that was asked for (A05): approved, the villager is told; else the officer, why not.

Approved, the date moves and the letter goes to her as a picture and as paper (E05). What has become of the dossier
meanwhile goes first: finished, waiting for papers, another date from the file, or a new date that has passed makes the
letter void; nothing is sent and the officer is told why. A second new date is good only with the Chairman's own tap or
a signed paper (L22). Where the officer has left, whoever stands in or the clerks are told.
"""

from datetime import datetime

from bot import approvals, dossier_notices, duty
from bot.apologies import ON_PAPER, REASONS
from bot.routes import Routes
from bot.settings import ZONE
from bot.turn import Turn, Work
from messages.reply import Msg, Reply, Text, _
from messages.statuses import STATUSES, shown
from storage import approvals as stored
from storage import deadlines, dossiers, links, officials, postponements
from storage.approvals import Approval
from storage.dossiers import Dossier
from storage.postponements import Postponement

routes = Routes()


@routes.event("approved-apology-late")
def approved(turn: Turn, approval: int) -> None:
    """The letter is approved and drawn: the date moves, and she is told."""
    _approved(turn, approval)


@routes.event("approved-second-postponement")
def approved_again(turn: Turn, approval: int) -> None:
    """Once more, with a human letter."""
    _approved(turn, approval)


def _approved(work: Work, approval_id: int) -> None:
    letter = stored.get(work.db, work.commune_id, approval_id)
    wish = postponements.by_approval(work.db, work.commune_id, approval_id)
    found = None if wish is None else dossiers.get(work.db, work.commune_id, wish.dossier_id)
    if letter is None or wish is None or found is None:
        return
    why = _void(work, letter, wish, found)
    if not postponements.decide(work.db, work.commune_id, wish, "void" if why else "agreed", work.now):
        return
    if why is not None:
        head = _("The letter for dossier {code} was approved, but it is not sent.", code=found.code)
        tell_asker(work, wish, Reply(head, why))
        return
    deadlines.move(work.db, work.commune_id, found.id, wish.new, work.now)
    dossier_notices.withdraw(work, found.id, "dossier-missed")
    notice = _tell_villager(work, found, wish, letter)
    approvals.sent(work, approval_id, notice_id=notice)
    told = _(
        "Approved: dossier {code} has the new date {day}. The villager is told.",
        code=found.code,
        day=wish.new.astimezone(ZONE).date(),
    )
    tell_asker(work, wish, Reply(told))


def _tell_villager(work: Work, found: Dossier, wish: Postponement, letter: Approval) -> int | None:
    """With the reason in the officer's own words and the letter only where the second factor was right (L05)."""
    proven = links.proven(work.db, work.commune_id, found.id)
    everybody = dossier_notices.audience(work, found.id)
    hers = [each for each in everybody if each.citizen_id in proven]
    others = [each for each in everybody if each not in hers]
    paper = letter.signed_pdf or letter.pdf
    made = [
        dossier_notices.tell(
            work, "dossier-late", found, once=str(wish.number), first=words(work, wish, whole=people is hers),
            values={"day": _day(wish.old), "new_day": _day(wish.new)}, to=people,
            pictures=[letter.png] if letter.png else [], documents=[paper] if paper and paper != letter.png else [],
        )
        for people in (hers, others)
    ]  # fmt: skip
    return made[0] or made[1]


def _day(moment: datetime) -> str:
    return f"{moment.astimezone(ZONE):%d/%m/%Y}"


def words(work: Work, wish: Postponement, *, whole: bool) -> list[Msg]:
    """An apology first, the reason and the new date as they were approved, and thanks."""
    reasons = {work.place.catalogs.text(each, ON_PAPER) for each in REASONS.values()}
    is_told = whole or wish.reason in reasons
    sorry = _(
        "{office} is sorry: your dossier cannot be done by {when} as promised.",
        office=work.commune.name, when=shown(wish.old),
    )  # fmt: skip
    reason = [_("Reason: {reason}.", reason=wish.reason.strip().rstrip("."))] if is_told else []
    day = _("The new date is {day}. Thank you for your patience.", day=wish.new.astimezone(ZONE).date())
    return [sorry, *reason, day]


def _void(work: Work, letter: Approval, wish: Postponement, found: Dossier) -> Text | None:
    """Why an approved letter must not go out; None when it may."""
    status = STATUSES[found.status]
    if not status.running or found.paused_at is not None:
        return _("The dossier is not being worked on now: {status}.", status=status.label)
    if found.deadline != wish.old:
        when: Text = _("{day}", day=shown(found.deadline)) if found.deadline else "—"
        return _(
            "Its date has changed meanwhile: {when}. If it will be late all the same, please ask again.", when=when
        )
    if wish.new <= work.now:
        return _("The new date has passed already. Please ask again with another one.")
    if letter.kind == "second-postponement" and not letter.signed_pdf and not _by_chairman(work, letter):
        return _("A second new date needs the Chairman himself, or paper signed by hand. Please ask again.")
    return None


def _by_chairman(work: Work, letter: Approval) -> bool:
    by = officials.get(work.db, work.commune_id, letter.decided_by) if letter.decided_by else None
    return by is not None and by.role == "chairman"


@routes.event("refused-apology-late")
def refused(turn: Turn, approval: int) -> None:
    """Refused, dropped or left too long: the date stays. Why, `handlers.letters.approvals` tells him."""
    _refused(turn, approval)


@routes.event("refused-second-postponement")
def refused_again(turn: Turn, approval: int) -> None:
    """The same for another one."""
    _refused(turn, approval)


def _refused(work: Work, approval_id: int) -> None:
    wish = postponements.by_approval(work.db, work.commune_id, approval_id)
    found = None if wish is None else dossiers.get(work.db, work.commune_id, wish.dossier_id)
    if wish is None or found is None or not postponements.decide(work.db, work.commune_id, wish, "refused", work.now):
        return
    head = _(
        "The new date for dossier {code} was not approved. Its date stays: {when}.",
        code=found.code,
        when=shown(wish.old),
    )
    tell_asker(work, wish, Reply(head, _("Please see to it that it is done in time, or ask again: /luingay")))


def over(work: Work, found: Dossier) -> None:
    """It is finished or waits for the villager: what is asked for it is pointless, and nobody need look at it."""
    wish = postponements.open_one(work.db, work.commune_id, found.id)
    if wish is None:
        return
    postponements.decide(work.db, work.commune_id, wish, "void", work.now)
    why = _("The dossier is not being worked on now: {status}.", status=STATUSES[found.status].label)
    if wish.approval_id is not None:
        approvals.withdraw(work, wish.approval_id, why)
    tell_asker(work, wish, Reply(_("No new date is needed for dossier {code} now.", code=found.code), why))


def tell_asker(work: Work, wish: Postponement, reply: Reply) -> None:
    """The officer who asked, or whoever stands in for him; the clerks when he has left."""
    asker = officials.get(work.db, work.commune_id, wish.official_id)
    duty.tell(work, [duty.standing_in(work, asker)] if asker else duty.clerks(work), reply)
