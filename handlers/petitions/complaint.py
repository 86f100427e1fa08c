"""Khiếu nại (domain 3.3): what it is, how long there is, what the letter needs, where to go; and the letter to print.

A chat message has no signature, so nothing is filed here: every answer says so, never that a complaint has been
accepted and never who is right. What she fills in becomes a letter in her own chat and, for some weeks, a form that the
counter prints from a code; it is no case and nobody is shown it. Where servers are abroad her name, address and phone
are not asked: she writes them on the dotted lines.
"""

from dataclasses import dataclass
from datetime import date, timedelta

from bot.conversation import Ask, Find
from bot.questions import Choice, Confirm, Date, Phone, Text
from bot.routes import Routes, Start
from bot.tokens import RouteToken
from bot.turn import Turn
from handlers.petitions import law, printing
from handlers.requests import person
from handlers.requests import request_card as card
from messages.letters import Refused
from messages.letters.petitions import Complaint
from messages.render import ZONE, day
from messages.reply import Button, Personal, Reply, _, lines
from messages.reply import Text as Words
from storage import print_codes

routes = Routes()

FORM = Button(_("Make a letter to print"), str(RouteToken("complaint-form")))
COURT = _("You may also go to court; an official tells you which one and until when.")
OF_SEVERAL = _("Five people or more with the same complaint name one of them to speak for all.")
OTHERS = _("If another body made the decision, the letter goes to that body. An official tells you where.")
WITHDRAW = _("You may take your complaint back at any time, wholly or in part. Please do it in writing and sign it.")
OURS, ANOTHER = "commune", "other"


# --- explained --------------------------------------------------------------------------------------------------------


@routes.tap("complaint")
def complaint(turn: Turn) -> Reply:
    """What a complaint is and how to file one; never that it has been accepted, never who is right (domain 3.3)."""
    first, answer, settle, hard = (law.days(turn.commune, name) or 0 for name in (
        "complaint_days", "complaint_answer_days", "complaint_settle_days", "complaint_settle_days_complex",
    ))  # fmt: skip
    return Reply(
        _("A complaint asks an office to look again at a decision or an act of its own that harms you."),
        _(
            "You have {days} days for the first one, from the day you received or learnt of the decision.", days=first
        ),
        _("Writing here does not file it and does not stop these days."),
        _(
            "The letter needs the date, your name and address, what it is about and why, and your signature or "
            "fingerprint."
        ),
        law.SPEAK,
        _(
            "Within {answer} days you are told whether it is taken up; it is settled within {settle} days of that, a "
            "difficult one within {complex}.",
            answer=answer, settle=settle, complex=hard,
        ),
        lines(_("In remote and difficult places these times may be longer."), law.DATED),
        lines(OTHERS, COURT),
        lines(OF_SEVERAL, WITHDRAW),
        *card.phone_line(turn),
        buttons=(FORM, law.RECEPTION, law.PERSON),
    )  # fmt: skip


# --- the letter -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class PrintComplaint:
    """What her letter says. `by`: which other body decided; empty: the commune."""

    decision: str
    by: str
    received: date
    content: str
    asks: str
    papers: str
    name: str = ""
    address: str = ""
    phone: str = ""


@routes.tap("complaint-form")
def begin(turn: Turn) -> Reply | Start:
    """The questions of the letter, where nobody reads along."""
    if turn.in_group:
        return Reply(_("Others read along here. Please write to me in a private chat."))
    return Start("complaint-form", named=not turn.place.capabilities[turn.address.channel].masks)


@routes.conversation("complaint-form", title=_("A complaint to print"))
def form(ask: Ask, find: Find, named: bool = False) -> PrintComplaint | None:
    """Which decision, whose, since when, what happened, what she asks; who she is only where nothing goes abroad."""
    decision = ask(Text("decision", lines(
        _("Which decision or act do you complain about?"),
        _("If there is a paper, please type its number and its day."),
    ), at_least=5, at_most=500))  # fmt: skip
    whose: dict[str, Words] = {OURS: _("The commune: its Chairman or its staff"), ANOTHER: _("Another body")}
    by = ""
    if ask(Choice("whose", _("Who made that decision, or did that?"), whose)) == ANOTHER:
        by = ask(Text("by", _("Which body was it? Please type its name."), at_least=3, at_most=180))
    today = find.now.astimezone(ZONE).date()
    when = _("On which day did you receive it, or learn of it?")
    received = ask(Date("received", when, today=today, latest=today))
    told = _deadline(received, today, law.days(find.commune, "complaint_days") or 0)
    what = _("What happened, and why does it harm you? Please tell it in your own words.")
    content = ask(Text("content", lines(told, what), at_least=10, at_most=2500))
    asks = ask(Text("asks", _("What shall the office do?"), at_least=3, at_most=1200))
    papers = ask(Text("papers", _("Which papers do you add? One on a line."), at_most=900, skip=_("None")))
    who = ("", "", "")
    if named:
        skip = _("I write it by hand")
        who = (
            ask(Text("name", _("Your full name?"), at_least=2, at_most=100, skip=skip)),
            ask(Text("address", _("Your address?"), at_least=5, at_most=250, skip=skip)),
            ask(Phone("phone", _("Your phone number?"))),
        )
    values = _values(decision, by, received, content, asks, papers, who)
    if not ask(Confirm("print", _("Shall the letter be made like this?"), values=values, yes=_("Yes, make it"),
                       no=_("No, leave it"))):  # fmt: skip
        return None
    return PrintComplaint(decision, by, received, content, asks, papers, *who)


def last_day(received: date, days: int) -> date:
    """The last of so many days after she received or learnt of it."""
    return received + timedelta(days=days)


def _deadline(received: date, today: date, days: int) -> Words:
    """Until when, or that it is over; then what may count, without a promise."""
    last = last_day(received, days)
    if last >= today:
        return _("The last of the {days} days is {day}. Please hand the letter in before that.", days=days, day=last)
    return lines(
        _("The {days} days ended on {day}.", days=days, day=last),
        _("Time in which illness, a disaster or distance kept you away may not count. Please ask an official."),
    )


def _values(
    decision: str, by: str, received: date, content: str, asks: str, papers: str, who: tuple[str, str, str]
) -> list[Words]:
    name, address, phone = who
    told: list[Words] = [
        _("Decision or act: {words}", words=Personal(decision, "words")),
        _("To: {words}", words=Personal(by, "words") if by else _("the Chairman of the commune")),
        _("Received: {day}.", day=received),
        _("What happened: {words}", words=Personal(content, "words")),
        _("Asked: {words}", words=Personal(asks, "words")),
    ]
    if papers:
        told.append(_("Papers: {words}", words=Personal(papers, "words")))
    if name or address or phone:
        told.append(
            _("From: {name}, {address}, {phone}.", name=Personal(name, "name"), address=Personal(address, "place"),
              phone=Personal(_local(phone), "phone"))
        )  # fmt: skip
    else:
        told.append(_("Name, address and phone stay dotted lines; you write them by hand."))
    return told


def _local(phone: str) -> str:
    return phone.replace("+84", "0", 1)


@routes.does(PrintComplaint)
def make(command: PrintComplaint, turn: Turn) -> Reply:
    """Order the letter for her chat and keep it for the counter; nothing is filed."""
    code = printing.new_code()
    try:
        letter = _letter(command, turn, printing.shown(code))
    except Refused as refused:
        sorry = _("I am sorry, this cannot be printed as it stands:")
        again = _("Please begin once more and write it differently.")
        return Reply(lines(sorry, *refused.problems), again, buttons=(FORM,))
    until = print_codes.add(
        turn.db, turn.commune_id, code, person.citizen(turn).id, letter.name, letter.data(), turn.now
    )
    printing.order(turn, letter)
    last = last_day(command.received, law.days(turn.commune, "complaint_days") or 0)
    late = last < turn.now.astimezone(ZONE).date()
    return Reply(
        printing.COMING,
        _("At the counter it is printed from this code: {code}.", code=printing.shown(code)),
        _("The code holds until {day}. Whoever has it can print the letter, so please keep it to yourself.",
          day=until.astimezone(ZONE).date()),
        _("Nothing has been filed yet. Please sign it or give your fingerprint, and hand it in."),
        *(() if late else (_("The last day for that is {day}.", day=last),)),
        *((OTHERS,) if command.by else law.where(turn)),
        law.SPEAK,
        buttons=(law.RECEPTION, law.PERSON),
    )  # fmt: skip


def _letter(command: PrintComplaint, turn: Turn, code: str) -> Complaint:
    office = printing.office_of(turn)
    return Complaint(
        office=office,
        recipient=command.by or f"Chủ tịch {office}",
        writer=command.name,
        address=command.address,
        phone=_local(command.phone),
        against=command.by or office,
        decision=command.decision,
        received=day(command.received, "vi"),
        content=command.content,
        asks=command.asks,
        papers=tuple(command.papers.splitlines()[:15]),
        place=turn.commune.short_name.removeprefix("xã ").removeprefix("phường "),
        code=code,
    )
