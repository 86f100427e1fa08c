"""How a letter that waits for approval looks to officials.

In their own chats: all of it, with the picture and the button that approves under it. In the office's shared chats, one
of which may be a group abroad: which kind of letter waits, and with whom; never to whom it goes or what it says.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bot import duty
from bot.approval_letters import body_of, named
from bot.tokens import RouteToken
from messages.reply import Button, Msg, Personal, Reply, Text, _
from storage import approvals, officials
from storage.approvals import Approval
from storage.officials import Official

if TYPE_CHECKING:
    from bot.turn import Work

TITLES: Mapping[str, Msg] = {
    "apology-late": _("an apology with a new date"),
    "second-postponement": _("a second new date, with an apology"),
    "apology-mistake": _("an apology for a mistake"),
    "marriage": _("a congratulation on a marriage"),
    "birth": _("a congratulation on a birth"),
    "condolence": _("a letter of condolence"),
    "thanks": _("a letter of thanks"),
    "support": _("a letter about help for a home in need"),
}
STATES: Mapping[str, Msg] = {
    "proposed": _("The clerk is looking at it."),
    "waiting": _("It waits for approval."),
    "approved": _("It is approved."),
    "sent": _("It has gone out."),
    "dropped": _("It was dropped."),
    "refused": _("It was not approved."),
    "expired": _("Nobody decided in time; it was dropped."),
}
PAPERS: Mapping[str, Msg] = {
    "cover": _("The sheet to be laid before the Chairman, as a PDF to print."),
    "paper": _("The letter as a PDF to print and sign. Number, date, signature and stamp are put on by hand."),
}


@dataclass(frozen=True)
class Check:
    """Something the clerk settles before a letter goes on: with one tap, or without options in words of his own.

    ends: answers that drop the letter. may_lack: it can be left out.
    """

    prompt: Msg
    options: Mapping[str, Text] = field(default_factory=dict)
    ends: frozenset[str] = frozenset()
    may_lack: bool = False


_CALLED: Mapping[str, Text] = {
    "ong": "ông", "ba": "bà", "anh": "anh", "chi": "chị", "cu": "cụ",
}  # fmt: skip
NONE = "none"
CHECKS: Mapping[str, Check] = {
    "title_of_person": Check(_("How is the person addressed in the letter?"), _CALLED),
    "first_title": Check(_("How is the first of the two addressed?"), _CALLED),
    "second_title": Check(_("How is the second of the two addressed?"), _CALLED),
    "deceased_title": Check(_("How is the person who has died addressed?"), _CALLED),
    "marriage": Check(
        _("Is one of these so? Then no congratulation goes out."),
        {
            "again": _("A marriage registered again or late"),
            "mourning": _("Mourning in one of the families"),
            "unwanted": _("They do not want it known"),
            NONE: _("None of these"),
        },
        frozenset({"again", "mourning", "unwanted"}),
    ),
    "birth": Check(
        _("Is one of these so? Then no congratulation goes out."),
        {
            "again": _("A birth registered again or late"),
            "minor": _("The mother is a minor"),
            "blank": _("The father's part is left blank"),
            "mourning": _("A death in the family, or the child is gravely ill"),
            NONE: _("None of these"),
        },
        frozenset({"again", "minor", "blank", "mourning"}),
    ),
    "variant": Check(_("Which wording suits the family? Please ask them when in doubt.")),
    "second": Check(_("The full name of the second of the two, as on the certificate?")),
    "child": Check(_("The child's full name, as on the certificate?")),
    "recipient": Check(_("Who speaks for the family? The full name, please.")),
    "deceased": Check(_("The full name of the person who has died?")),
    "ceremony": Check(_("When and where is the certificate handed over? Hour, day, place."), may_lack=True),
    "family": Check(
        _("Does the family wish for a letter?"),
        {"yes": _("Yes, prepare it"), "no": _("No, thank you")}, frozenset({"no"}),
    ),
}  # fmt: skip
"""By the entry of `Approval.open`; what is no gate is a field of the letter, and the answer what it says."""
STAMP = "stamp"
GATES = frozenset({"marriage", "birth", "family"})


# --- cards ------------------------------------------------------------------------------------------------------------


def token(route: str, found: Approval, *more: str) -> str:
    return str(RouteToken(route, (str(found.id), str(found.version), *more)))


def title(found: Approval) -> Msg:
    return TITLES[found.kind]


def outline(work: "Work", found: Approval) -> None:
    """The card in the office's shared chats."""
    who = work_of(work, found)
    by = (_("Please decide before {when}.", when=found.decide_by),) if found.is_open and found.decide_by else ()
    see = (Button(_("See it"), token("approval", found)),) if found.is_open else ()
    words = _("Letter {number}: {title}.", number=found.id, title=title(found))
    work.send_office(Reply(words, who, *by, buttons=see, card=f"approval:{found.id}"))


def work_of(work: "Work", found: Approval) -> Text:
    """Where it stands, and with whom."""
    if found.state in ("approved", "sent") and found.signer:
        return _("{state} Signed by: {name}, {post}.", state=STATES[found.state], name=found.signer, post=found.post)
    return STATES[found.state]


def words_of(work: "Work", found: Approval) -> list[Text]:
    """What an official reads before he decides: the letter's words, who proposes it, and why."""
    told: list[Text] = [_("Letter {number}: {title}.", number=found.id, title=title(found))]
    if found.about:
        told.append(_("About: {about}", about=Personal(found.about, "words")))
    if found.note:
        told.append(_("Note: {note}", note=Personal(found.note, "words")))
    if to := named(found.data):
        told.append(_("To: {name}", name=Personal(to, "name")))
    told += paragraphs(body_of(work, found))
    asked_by = officials.get(work.db, work.commune_id, found.asked_by) if found.asked_by else None
    if asked_by is not None:
        told.append(_("Proposed by: {name}, {post}.", name=asked_by.name, post=asked_by.post))
    if found.is_open and found.decide_by is not None:
        told.append(_("Please decide before {when}.", when=found.decide_by))
    return told


def paragraphs(body: Sequence[str]) -> list[Text]:
    """Numbered, so that one can be named."""
    return [_("{number}) {words}", number=at, words=Personal(each, "words")) for at, each in enumerate(body, 1)]


def for_clerk(work: "Work", found: Approval) -> Reply:
    """The proposal: first what only a person knows, one tap each (L24), then what becomes of it."""
    told = words_of(work, found)
    drop = Button(_("Drop it"), token("approval-drop", found))
    if found.open:
        name = found.open[0]
        options = options_of(work, found, name)
        if not options:
            write = Button(_("Write it"), token("approval-field", found, name))
            return Reply(*told, CHECKS[name].prompt, buttons=(write, drop))
        buttons = [Button(label, token("approval-check", found, name, each)) for each, label in options.items()]
        return Reply(*told, CHECKS[name].prompt, buttons=(*buttons, drop))
    on = Button(_("Pass it on for approval"), token("approval-send", found))
    return Reply(*told, _("Shall this letter go to the Chairman?"), buttons=(on, _edit(found), drop))


def options_of(work: "Work", found: Approval, name: str) -> Mapping[str, Text]:
    """The answers to a check; the wordings are the commune's own (`messages.letters.words`)."""
    if name != "variant":
        return CHECKS[name].options
    return {each or NONE: label for each, label in work.place.letters.variants(found.kind).items()}


def _edit(found: Approval) -> Button:
    return Button(_("Change something"), token("approval-edit", found))


def buttons_of(found: Approval) -> tuple[Button, ...]:
    """Under the picture, for whoever may approve."""
    return (
        Button(_("Approve and send"), token("approval-yes", found)),
        _edit(found),
        Button(_("Print it to be signed"), token("approval-paper", found)),
        Button(_("Do not send it"), token("approval-no", found)),
    )


def show(work: "Work", official: Official, found: Approval, png: str = "", problems: Sequence[str] = ()) -> None:
    """To an approver: the words and the picture, then the buttons; where pictures may not go, the way to /office."""
    told = words_of(work, found)
    for to in duty.chats(work, official):
        seen = bool(png) and not work.place.capabilities[to.channel].masks
        rest: Text = _("This is how the letter looks with your signing line.")
        if problems:
            rest = list_of(problems)
        elif not seen:
            rest = _("Please open /office to look at the letter and decide.")
        buttons = buttons_of(found) if seen else (_edit(found),) if problems else ()
        reply = Reply(*told, rest, buttons=buttons, pictures=(png,) if seen else ())
        work.send(to, reply, supersedes=f"approval:{found.id}:{to.channel}:{to.chat}")


def list_of(problems: Sequence[str]) -> Text:
    """What is still missing in a letter, one line each (Vietnamese, from the letter's declaration)."""
    return _("The letter is not complete yet:\n{problems}", problems="\n".join(problems))


def decided(work: "Work", found: Approval) -> Text:
    """To whoever comes second: who decided, and when."""
    who = officials.get(work.db, work.commune_id, found.decided_by) if found.decided_by else None
    if who is None or found.decided_at is None:
        return work_of(work, found)
    state = STATES[found.state]
    return _("{state} {name} decided it, {when}.", state=state, name=who.name, when=found.decided_at)


def signed_button(found: Approval) -> Button:
    """For the văn thư (handlers.letters.paper)."""
    return Button(_("It is signed: record it"), token("approval-signed", found))


def print_out(work: "Work", official: Official, found: Approval, purpose: str, pdf: str) -> None:
    """A paper to print, at /office, where there is a printer."""
    to = duty.chats(work, official)[0]
    stamps = purpose == "paper" and found.is_open and STAMP in official.rights
    buttons = (signed_button(found),) if stamps else ()
    work.send(to, Reply(PAPERS[purpose], documents=(pdf,), buttons=buttons))


def on_paper(work: "Work", found: Approval, printed_by: Official) -> None:
    """To the văn thư: a paper is on its way to be signed, and then hers to record."""
    people = [each for each in officials.active(work.db, work.commune_id) if STAMP in each.rights]
    words = _("Letter {number} is printed to be signed: {title}.", number=found.id, title=title(found))
    told = Reply(words, _("Once it is signed, please record it here."), buttons=(signed_button(found),))
    duty.tell(work, [each for each in people if each.id != printed_by.id], told, otherwise_office=False)


def not_drawn(work: "Work", official: Official, found: Approval, reference: str) -> None:
    """Somebody has to know that a letter could not be drawn."""
    words = _("Letter {number} could not be drawn. (Reference: {reference})", number=found.id, reference=reference)
    duty.tell(work, [official], Reply(words, _("Please write it by hand, or tell whoever runs the machine.")))


# --- reminders (L21) --------------------------------------------------------------------------------------------------


def reminder(work: "Work", found: Approval, people: Sequence[Official]) -> None:
    """To the approver, then to all who may."""
    words = _("Letter {number} still waits for you: {title}.", number=found.id, title=title(found))
    see = Button(_("See it"), token("approval", found))
    by = (_("Please decide before {when}.", when=found.decide_by),) if found.decide_by else ()
    duty.tell(work, people, Reply(words, *by, buttons=(see,)))


def nobody_answers(work: "Work", found: Approval, asked: Sequence[Official], people: Sequence[Official]) -> None:
    """To a named person at the office, and by name on the shared card."""
    names = ", ".join(each.name for each in asked)
    words: Text = _("Letter {number} has nobody who may approve it: {title}.", number=found.id, title=title(found))
    if names:
        words = _(
            "Letter {number} has waited for {names} since {when}: {title}.",
            number=found.id, names=names, when=found.asked_at, title=title(found),
        )  # fmt: skip
    paper = Button(_("Print it to be signed"), token("approval-paper", found))
    drop = Button(_("Drop it"), token("approval-drop", found))
    how = _("It can be printed and signed on paper.")
    duty.tell(work, people, Reply(words, how, buttons=(paper, drop)))
    if people:
        told = _("Told: {names}.", names=", ".join(each.name for each in people))
        work.send_office(Reply(words, told, card=f"approval:{found.id}"))


def refused(work: "Work", found: Approval, why: str) -> None:
    """To whoever proposed it, or to the clerks when a dossier did."""
    asked_by = officials.get(work.db, work.commune_id, found.asked_by) if found.asked_by else None
    words = _("Letter {number} was not approved: {title}.", number=found.id, title=title(found))
    reason = (_("The reason given: {why}", why=Personal(why, "words")),) if why else ()
    duty.tell(work, [asked_by] if asked_by else duty.clerks(work), Reply(words, *reason))


def expired(work: "Work", found: Approval, people: Sequence[Official]) -> None:
    """Dropped, because by now the letter would be out of place."""
    words = _("Letter {number} was dropped: nobody decided in time ({title}).", number=found.id, title=title(found))
    duty.tell(work, people, Reply(words))


def newest(work: "Work", found: Approval) -> Approval:
    return approvals.get(work.db, work.commune_id, found.id) or found
