"""One mechanism for every letter and notice that somebody has to approve (E01-E07, A05, L21, L22).

    ask(work, "marriage", {...}, key=f"dossier:{id}:marriage", dossier_id=id)

proposed (with the clerk) -> waiting (with the approver) -> approved -> sent; or dropped, refused, expired. Whoever may
approve is shown the letter as it will look with his own signing line, and only then the button that approves. Its words
can be changed until then; each change is a new version, and an approval of an older one is refused and shown again.
Nothing waits without a named person knowing: first the Chairman is reminded, then whoever may approve besides him, then
the clerk by name, week after week. Once approved and drawn, the event `approved-<kind>` runs once in the office's lane.

The bot makes up no number, signature or seal: what is not signed on paper is an information letter
(handlers.letters.paper).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from bot import approval_cards as cards
from bot import duty, letters
from bot.approval_letters import letter_of, masked_letter, submission
from bot.calendar import Calendar
from bot.turn import OFFICE_CHAT, Address, Work
from messages.letters import Letter, Refused
from messages.reply import Text, _
from storage import approvals, files, officials
from storage import letters as drawings
from storage.approvals import Approval, Draft
from storage.officials import Official

WEEK = timedelta(days=7)
FINAL = frozenset({"final", "masked"})
"""Drawings of what goes out: whole, and as it may be shown abroad."""


@dataclass(frozen=True)
class Rule:
    """How one kind is approved. clerk_first: the clerk looks at it before the approver does. chairman_alone: by him, or
    on paper. keeps: how long the letter still means something; after that it is dropped and a named person told.
    """

    clerk_first: bool = False
    chairman_alone: bool = False
    keeps: timedelta | None = None


RULES: Mapping[str, Rule] = {
    "apology-late": Rule(),
    "second-postponement": Rule(chairman_alone=True),
    "apology-mistake": Rule(),
    "marriage": Rule(clerk_first=True, keeps=timedelta(days=45)),
    "birth": Rule(clerk_first=True, keeps=timedelta(days=45)),
    "condolence": Rule(clerk_first=True, keeps=timedelta(days=30)),
    "thanks": Rule(keeps=timedelta(days=90)),
    "support": Rule(keeps=timedelta(days=90)),
}
"""By kind; what follows an approval is `@routes.event("approved-<kind>")` of whoever asked for it."""


# --- asking -----------------------------------------------------------------------------------------------------------


def ask(
    work: Work,
    kind: str,
    data: Mapping[str, Any],
    *,
    key: str,
    about: str = "",
    dossier_id: int | None = None,
    citizen_id: int | None = None,
    by: Official | int | None = None,
    decide_by: datetime | None = None,
    note: Text | None = None,
    checks: Sequence[str] = (),
) -> int:
    """Ask for an approval; its id. The same key twice is one.

    data: the fields of the kind's letter, without office, place_date, signing and signer, which follow the signer.
    by: who proposes it (none: a machine). note: for whoever decides, not in the letter. checks: what the clerk has to
    settle first (`bot.approval_cards.CHECKS`).
    """
    rule, asked_by = RULES[kind], by.id if isinstance(by, Official) else by
    told = work.place.catalogs.text(note, work.place.language) if note is not None else ""
    content = {"data": dict(data), "about": about, "note": told, "open": list(checks)}
    state = "proposed" if rule.clerk_first else "waiting"
    until = decide_by or _answer_by(work)
    approval_id, is_new = approvals.put(
        work.db, work.commune_id, kind, key, state, content, work.now, dossier_id=dossier_id, citizen_id=citizen_id,
        asked_by=asked_by, decide_by=until, remind_at=_half_way(work, until),
        expires_at=work.now + rule.keeps if rule.keeps else None,
    )  # fmt: skip
    if is_new:
        found = _fresh(work, approval_id)
        _note(work, found, "asked", asked_by)
        show_all(work, found)
    return approval_id


def forward(work: Work, found: Approval, official: Official) -> bool:
    """The clerk has looked at it: on to the approver. False when somebody was quicker."""
    until = _answer_by(work)
    if not approvals.move(
        work.db, found, work.commune_id, "waiting", decide_by=until, remind_at=_half_way(work, until), stage=0
    ):
        return False
    _note(work, found, "forwarded", official.id)
    show_all(work, _fresh(work, found.id))
    return True


def show_all(work: Work, found: Approval) -> None:
    """Tell everybody whose turn it is, and the office's shared chats without personal words."""
    cards.outline(work, found)
    if found.state == "proposed":
        duty.tell(work, duty.clerks(work), cards.for_clerk(work, found))
    for official in asked(work, found):
        look(work, found, official)


def asked(work: Work, found: Approval) -> list[Official]:
    """Whom it is put before at first: the Chairman or whoever stands in for him; when he cannot, all who may."""
    if found.state != "waiting":
        return []
    may = [each for each in duty.approvers(work) if may_approve(work, each, found)]
    heads = {each.id for each in duty.heads(work)}
    return [each for each in may if each.id in heads] or may


def may_approve(work: Work, official: Official | None, found: Approval) -> bool:
    """The Chairman, whom he gave the right to, who stands in for them; nobody but the Chairman what he proposed."""
    if official is None:
        return False
    if official.role == "chairman" or RULES[found.kind].chairman_alone:
        return official.role == "chairman"
    return official.id != found.asked_by and official.id in {each.id for each in duty.approvers(work)}


# --- the letter -------------------------------------------------------------------------------------------------------


def look(work: Work, found: Approval, official: Official) -> None:
    """Show somebody the letter as he would sign it; what cannot be drawn is told instead."""
    try:
        _draw(work, found, official, "look", letter_of(work, found, official))
    except Refused as refused:
        cards.show(work, official, found, problems=refused.problems)


def _draw(work: Work, found: Approval, official: Official, purpose: str, letter: Letter) -> None:
    """Have it drawn; it comes back as the event `approval-drawn`, at once when the same was drawn before."""
    to = Address(OFFICE_CHAT.channel, OFFICE_CHAT.account, OFFICE_CHAT.chat, f"approval:{found.id}")
    row = letters.order_for(work, to, letter, "approval-drawn")
    draft = Draft(found.id, found.version, purpose, official.id, row.id)
    approvals.drafted(work.db, work.commune_id, draft)
    if row.state == "drawn":
        handed(work, draft, row)


def handed(work: Work, draft: Draft, drawn: drawings.Letter, reference: str = "") -> None:
    """A letter of an approval is drawn, or cannot be: show it, print it, or let it go out."""
    found = approvals.get(work.db, work.commune_id, draft.approval_id)
    official = officials.get(work.db, work.commune_id, draft.official_id)
    if found is None or official is None or drawn.state == "new":
        return
    if drawn.state == "failed":
        _not_drawn(work, found, official, draft, reference)
    elif draft.purpose in FINAL:
        _both_drawn(work, found)
    elif draft.purpose == "look" and found.is_open and found.version == draft.version:
        cards.show(work, official, found, png=drawn.png)
    elif draft.purpose in cards.PAPERS:
        cards.print_out(work, official, found, draft.purpose, drawn.pdf)


def _not_drawn(work: Work, found: Approval, official: Official, draft: Draft, reference: str) -> None:
    if draft.purpose in FINAL and found.state == "approved" and not found.pdf:
        approvals.move(work.db, found, work.commune_id, "waiting", remind_at=work.now + timedelta(hours=1))
        _note(work, found, "undrawn", None)
    cards.not_drawn(work, official, found, reference)


def _both_drawn(work: Work, found: Approval) -> None:
    """The letter goes out when it is drawn whole and, where a channel masks names, without them, too."""
    whole = approvals.drawn_for(work.db, work.commune_id, found.id, found.version, "final")
    hidden = approvals.drawn_for(work.db, work.commune_id, found.id, found.version, "masked")
    if whole is None or (hidden is None and _masks(work)) or found.state != "approved":
        return
    for name, other in zip(whole, hidden or (), strict=False):
        files.instead_abroad(work.db, work.commune_id, name, other)
    approvals.keep(work.db, work.commune_id, hidden or ())
    _finish(work, found, png=whole[0], pdf=whole[1])


def _masks(work: Work) -> bool:
    """Whether names are masked on a channel of ours."""
    return any(work.place.capabilities[channel].masks for channel in work.place.accounts)


def _finish(work: Work, found: Approval, **named: str) -> None:
    """The letter that goes out is there: what follows it runs once."""
    if found.state != "approved" or found.png or found.pdf:
        return
    approvals.record(work.db, work.commune_id, found.id, **named)
    approvals.keep(work.db, work.commune_id, named.values())
    work.wake(OFFICE_CHAT, f"approved-{found.kind}", str(found.id), approval=found.id)


# --- deciding ---------------------------------------------------------------------------------------------------------


def refusal(work: Work, official: Official | None, found: Approval, version: int) -> Text | None:
    """Why somebody cannot decide this now; None when he can."""
    if found.state == "proposed":
        return _("The clerk has not passed this letter on yet.")
    if not found.is_open:
        return cards.decided(work, found)
    if official is not None and official.id == found.asked_by and not may_approve(work, official, found):
        return _("Who proposed a letter does not approve it. Somebody else who may has to look at it.")
    if not may_approve(work, official, found):
        return _("Only the Chairman, or whom he has given the right to, approves letters.")
    if version != found.version:
        return _("The letter has been changed since. Please look at the newest version.")
    return None


def approve(work: Work, found: Approval, official: Official) -> Text | None:
    """It is approved as it stands. Returns why not, when it cannot be; the caller has asked `refusal`."""
    try:
        letter = letter_of(work, found, official)
    except Refused as refused:
        return cards.list_of(refused.problems)
    if not decide(work, found, "approved", official, signer=official.name, post=official.post):
        return cards.decided(work, _fresh(work, found.id))
    approved = _fresh(work, found.id)
    _draw(work, approved, official, "final", letter)
    if _masks(work):
        _draw(work, approved, official, "masked", masked_letter(letter))
    return None


def decide(work: Work, found: Approval, state: str, official: Official | None, why: str = "", **more: Any) -> bool:
    """It is approved, refused, dropped or expired, once; False when somebody was quicker."""
    who = official.id if official else None
    if not approvals.move(
        work.db, found, work.commune_id, state, decided_by=who, decided_at=work.now, remind_at=None, **more
    ):
        return False
    _note(work, found, state, who, why)
    cards.outline(work, _fresh(work, found.id))
    if state != "approved":
        work.wake(OFFICE_CHAT, f"refused-{found.kind}", str(found.id), approval=found.id)
    return True


def withdraw(work: Work, approval_id: int, why: Text = "") -> bool:
    """Take back what nobody has decided yet, because it has become pointless; no event follows."""
    found = approvals.get(work.db, work.commune_id, approval_id)
    if found is None or not found.is_open:
        return False
    told = work.place.catalogs.text(why, work.place.language)
    done = approvals.move(work.db, found, work.commune_id, "dropped", decided_at=work.now, remind_at=None)
    if done:
        _note(work, found, "dropped", None, told)
        cards.outline(work, _fresh(work, found.id))
    return done


def change(
    work: Work,
    found: Approval,
    official: Official,
    what: str,
    data: Mapping[str, Any] | None = None,
    open_: Sequence[str] | None = None,
) -> bool:
    """Other words, or something settled: a new version, to be shown again. False: somebody was quicker."""
    if not found.is_open or not approvals.change(work.db, found, work.commune_id, data, open_):
        return False
    changed = {name: found.data.get(name) for name in data if data[name] != found.data.get(name)} if data else None
    newest = _fresh(work, found.id)
    _note(work, newest, what, official.id, changed)
    return True


def signed_on_paper(
    work: Work, found: Approval, clerk: Official, file: str, number: str, signed_on: date, signer: str, post: str
) -> bool:
    """The văn thư has the signed paper: that approves it, and her scan goes out, not our drawing (L22)."""
    if not decide(
        work, found, "approved", clerk, number=number, signed_on=signed_on, signer=signer, post=post, signed_pdf=file
    ):
        return False
    files.hand_over(work.db, work.commune_id, file, OFFICE_CHAT.channel, OFFICE_CHAT.account, OFFICE_CHAT.chat)
    scan = files.get(work.db, work.commune_id, file)
    files.instead_abroad(work.db, work.commune_id, file, "")  # nobody can take the names out of a scan
    is_picture = scan is not None and scan.kind == "photo"
    _finish(work, _fresh(work, found.id), **{"png" if is_picture else "pdf": file})
    return True


def paper(work: Work, found: Approval, official: Official) -> list[str]:
    """Have phiếu trình and letter drawn for paper, for whoever signs today; the mistakes when that cannot be."""
    signer = next(iter(duty.heads(work) or duty.approvers(work)), official)
    try:
        letter = letter_of(work, found, signer, to_sign=True)
        cover = submission(work, found, official, signer)
    except Refused as refused:
        return refused.problems
    _draw(work, found, official, "cover", cover)
    _draw(work, found, official, "paper", letter)
    _note(work, found, "printed", official.id)
    cards.on_paper(work, found, official)
    return []


def sent(work: Work, approval_id: int, way: str = "notice", notice_id: int | None = None) -> None:
    """It has gone out (way: notice, hand)."""
    found = approvals.get(work.db, work.commune_id, approval_id)
    if found is not None and found.state == "approved":
        approvals.move(
            work.db, found, work.commune_id, "sent", way=way, notice_id=notice_id, sent_at=work.now
        )  # fmt: skip
        _note(work, found, "sent", None, way)
        cards.outline(work, _fresh(work, found.id))


# --- the clock --------------------------------------------------------------------------------------------------------


def remind(work: Work, found: Approval) -> None:
    """Its time has come: the approver, then all who may, then a named person at the office, every week (L21)."""
    if found.expires_at is not None and found.expires_at <= work.now:
        if decide(work, found, "expired", None):
            cards.expired(work, _fresh(work, found.id), _named(work, found))
        return
    if not Calendar(work.commune).open_at(work.now):
        _later(work, found, found.stage, work.now)
        return
    stage = found.stage + 1
    if found.state == "proposed":
        people = _named(work, found)
        duty.tell(work, people, cards.for_clerk(work, found))
    elif stage == 1 and asked(work, found):
        people = asked(work, found)
        cards.reminder(work, found, people)
    elif stage == 2:
        people = [each for each in duty.approvers(work) if may_approve(work, each, found)]
        cards.reminder(work, found, people)
        for each in people:
            look(work, found, each)
    else:
        people = _named(work, found)
        cards.nobody_answers(work, found, asked(work, found), people)
    _note(work, found, "reminded", None, [each.name for each in people])
    _later(work, found, stage, _next(work, found, stage))


def _named(work: Work, found: Approval) -> list[Official]:
    """Who at the office knows what nobody decides: the clerks, and who asked; any official when there is neither."""
    asked_by = officials.get(work.db, work.commune_id, found.asked_by) if found.asked_by else None
    asker = [duty.standing_in(work, asked_by)] if asked_by and asked_by.role != "village-head" else []
    people = [*duty.clerks(work), *asker]
    if not people:
        everybody = officials.active(work.db, work.commune_id)
        people = [each for each in everybody if each.role not in ("village-head", "chairman")][:1]
    return list({each.id: each for each in people}.values())


def _next(work: Work, found: Approval, stage: int) -> datetime:
    if found.state == "waiting" and stage == 1 and found.decide_by is not None:
        return max(found.decide_by, work.now + timedelta(hours=1))
    if found.state == "waiting" and stage == 2:
        return _answer_by(work)
    return work.now + WEEK


def _later(work: Work, found: Approval, stage: int, when: datetime) -> None:
    at = Calendar(work.commune).next_open(when)
    approvals.record(work.db, work.commune_id, found.id, stage=stage, remind_at=at)


def _answer_by(work: Work) -> datetime:
    return Calendar(work.commune).promised(work.now, 60 * work.commune.letters.answer_hours)


def _half_way(work: Work, until: datetime) -> datetime:
    return Calendar(work.commune).next_open(work.now + max(until - work.now, timedelta()) / 2)


def _fresh(work: Work, approval_id: int) -> Approval:
    found = approvals.get(work.db, work.commune_id, approval_id)
    assert found is not None
    return found


def _note(work: Work, found: Approval, what: str, official_id: int | None, details: Any = None) -> None:
    approvals.note(
        work.db, work.commune_id, found.id, found.version, what, official_id, work.now, details or None
    )  # fmt: skip
