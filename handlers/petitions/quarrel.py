"""Quarrels over land, debts, divorce (L32): no card and no judgment, but who can help.

First the conciliation group of the thôn, then for land the commune's mediation (procedure 1.012812), or the court. What
she writes goes to the receiver of citizens alone, and only if she wants; the shared chat learns nothing of it. Violence
at home is no quarrel (L30).
"""

from dataclasses import dataclass

from bot.conversation import Ask, Find
from bot.questions import Choice, Confirm, Text
from bot.routes import Routes, Start
from bot.tokens import RouteToken
from bot.turn import Turn
from handlers.front import emergency
from handlers.petitions import law, printing
from handlers.requests import person
from handlers.requests import request_card as card
from handlers.sealed import offer
from messages import gates
from messages.reply import Button, Personal, Reply, _, lines
from messages.reply import Text as Words
from storage import requests

routes = Routes()

SOURCE = "Điều 235 Luật Đất đai; thủ tục 1.012812"
"""By which text the commune mediates, read on a public page by 11/2026; [facts.mediation] says it differently."""
WAYS: dict[str, Words] = {
    "village": _("The conciliation group of my thôn"),
    "land": _("The commune mediates about land"),
    "court": _("The court"),
    "tell": _("Tell the receiver of citizens alone"),
    "nothing": _("Nothing more, thank you"),
}
FORM = Button(_("The form for mediation"), str(RouteToken("mediation-form")))
NOBODY_JUDGES = _("Nobody judges here who is right, and what you write is shown to no group.")


@dataclass(frozen=True)
class Violent:
    """It is no quarrel: somebody is hurt or threatened."""

    said: str


@dataclass(frozen=True)
class Explain:
    """She wants to know more about one way."""

    way: str


@dataclass(frozen=True)
class TellReceiver:
    """Her words, for the receiver of citizens alone."""

    said: str


@routes.conversation("quarrel", title=_("A quarrel"))
def quarrel(ask: Ask, find: Find, said: str = "", way: str = "") -> Violent | Explain | TellReceiver | None:
    """Who could help; what she has written is sent only after she has said so."""
    if gates.tells_of_crime(said) != "no":
        return Violent(said)
    if not way:
        sorry = lines(_("I am sorry that there is a quarrel. It is best settled early and calmly."), NOBODY_JUDGES)
        way = ask(Choice("way", lines(sorry, _("Who shall help?")), WAYS))
    if way in ("village", "land", "court"):
        return Explain(way)
    if way != "tell":
        return None
    about = _("What shall the receiver know? Please write no more than you want to tell.")
    words = said or ask(Text("said", about, at_least=5, at_most=3000))
    if gates.tells_of_crime(words) != "no":
        return Violent(words)
    values = [Personal(words, "words")]
    sure = _("Shall the receiver of citizens get these words? Nobody else sees them.")
    sent = ask(Confirm("send", sure, values=values, yes=_("Yes, send it"), no=_("No, do not send it")))
    return TellReceiver(words) if sent else None


@routes.does(Violent)
def not_a_quarrel(command: Violent, turn: Turn) -> Reply:
    return offer.offered(turn, "crime", said=command.said)


@routes.does(Explain)
def explain(command: Explain, turn: Turn) -> Reply:
    """One way: who, where, when, with which form."""
    told = {"village": _village, "land": _land, "court": _court}[command.way](turn)
    others = [way for way in ("land", "court", "tell") if way != command.way]
    buttons = [Button(WAYS[way], str(RouteToken("quarrel-way", (way,)))) for way in others]
    form = (FORM,) if command.way == "land" else ()
    return Reply(*told, NOBODY_JUDGES, buttons=(*form, *buttons))


@routes.tap("quarrel-way")
def another(turn: Turn, way: str) -> Start:
    """Another way, or her words for the receiver."""
    return Start("quarrel", way=way if way in WAYS else "")


def _village(turn: Turn) -> tuple[Words, ...]:
    known = turn.citizen.village if turn.citizen else None
    return (
        _("The conciliation group of the thôn listens to both sides and helps them agree."),
        _("Please tell the head of your thôn that you would like it; both sides must be willing."),
        *emergency.head_of(turn, known),
    )


def _land(turn: Turn) -> tuple[Words, ...]:
    fact = turn.commune.facts.get("mediation")
    return (
        _("If the thôn could not settle it, the commune mediates in a quarrel about land."),
        _("Rule: {source} (as of {month}).", source=fact.value if fact else SOURCE, month=law.AS_OF),
        _("Please hand in a request on paper; the form is here, and the counter prints it too."),
        *law.where(turn),
        law.SPEAK,
        *card.phone_line(turn),
    )


def _court(turn: Turn) -> tuple[Words, ...]:
    fact = turn.commune.facts.get("court")
    return (
        _("Divorce, children, dividing what you own, and debts are settled by the court."),
        _("Which court: {words}", words=fact.value) if fact else _("An official tells you which court it is."),
        *card.phone_line(turn),
    )


@routes.tap("mediation-form")
def mediation(turn: Turn) -> Reply:
    """The empty request for mediation."""
    if turn.in_group:
        return Reply(_("Others read along here. Please write to me in a private chat."))
    printing.order(turn, printing.blank(turn, "mediation"))
    return Reply(printing.COMING, _("It is empty. Please write it by hand; the office also has it on paper."))


@routes.does(TellReceiver)
def tell_receiver(command: TellReceiver, turn: Turn) -> Reply:
    """A request that only receivers may read; the shared chat learns no more than that there is one."""
    request = person.begin(turn, "quarrel", person.citizen(turn).village, sealed=True)
    if not request.sealed_for_receiver:  # she had asked an official something else before
        requests.seal_for_receiver(turn.db, turn.commune_id, request.id)
    requests.add_message(turn.db, turn.commune_id, request.id, command.said, turn.now)
    request = person.still_open(turn, request)
    card.show(turn, request, loud=True)
    who = ", ".join(each.post for each in card.receivers(turn))
    return Reply(
        _("Only the receiver of citizens can read it: {posts}.", posts=who) if who
        else _("Nobody has been named to receive such messages yet, so nobody can read it now."),
        card.promise(turn, request),
        law.SPEAK,
        buttons=(person.FINISH,),
    )  # fmt: skip
