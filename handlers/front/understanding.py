"""What she gets for what she means: an intent leads to its talk or answer, two near ones to one question (domain 9).

ROUTES says where each intent leads, by the names of routes; those that are not built yet are called so, with the hours
and the phone. Several matters in one message: the first is answered and the others are offered as buttons, so nothing
is lost. A complaint without accents, and whatever may accuse somebody, is asked about before it goes anywhere. A talk
that expired meanwhile keeps words that only tell something (L07).
"""

from collections.abc import Mapping
from dataclasses import replace

from bot.routes import Go, Routes, Start
from bot.tokens import RouteToken
from bot.turn import Turn
from handlers.cases import report
from handlers.front import greeting
from messages import codes, gates, intake
from messages.reply import Button, Msg, Reply, _
from messages.understanding.understand import FILLERS, UNCLEAR, Understood, understand
from storage import citizens, conversations

routes = Routes()

ROUTES: Mapping[str, tuple[str, ...]] = {
    "lookup": ("dossier",),
    "report": ("report",),
    "complaint": ("complaint",),
    "procedure": ("procedure",),
    "booking": ("booking",),
    "hours": ("hours",),
    "where": ("fact-where", "hours"),
    "parking": ("fact-parking",),
    "wifi": ("fact-wifi",),
    "photocopier": ("fact-photocopier",),
    "waiting-room": ("fact-waiting",),
    "phones": ("fact-phones",),
    "reception": ("fact-reception",),
    "rules": ("fact-rules",),
    "payment": ("fact-payment",),
    "person": ("person",),
    "survey": ("survey",),
    "notices": ("notices",),
    "stop": ("stop",),
    "not-me": ("not-me", "stop"),
    "erase": ("/xoathongtin",),
    "my-data": ("mine",),
    "genuine": ("fact-genuine",),
    "scam": ("fact-genuine",),
    "help": ("/trogiup",),
}
"""Where each intent leads: the first of these routes that there is."""

LABELS: Mapping[str, Msg] = {
    "lookup": _("Look up a dossier"),
    "report": _("Report or suggest something"),
    "complaint": _("Complain about a decision"),
    "procedure": _("Ask about a procedure"),
    "booking": _("Make an appointment"),
    "hours": _("Opening hours"),
    "where": _("Address of the office"),
    "parking": _("Where to park"),
    "wifi": _("Wifi"),
    "photocopier": _("Photocopies"),
    "waiting-room": _("Where to wait"),
    "phones": _("Phone numbers"),
    "reception": _("When citizens are received"),
    "rules": _("Rules of citizen reception"),
    "payment": _("How to pay"),
    "person": _("Talk to an official"),
    "survey": _("Give my opinion"),
    "notices": _("News of my thôn"),
    "stop": _("Stop the messages"),
    "not-me": _("This is not me"),
    "erase": _("Erase my data"),
    "my-data": _("My personal data"),
    "genuine": _("Is this really the commune?"),
    "scam": _("Somebody asks me for money or a code"),
    "help": _("How to use this"),
}
"""What the buttons say."""

PASSED_OVER = -1
"""In the place of a count of what was not understood: her last words were a joke or abuse."""
CONFIRMED = frozenset({"not-me"})
"""What ends something for her is only done by a button."""
TELLS = frozenset({"report", "survey", "playful", "greeting", "thanks"})
"""Words that may as well be the late answer of a talk that expired."""
NAMED = 5
"""Words of a wish for a person from which on they say whom or what, and are not asked again."""


@routes.gate("understanding")
def understood(turn: Turn) -> Reply | Start | Go | None:
    """What her words mean, when they mean something."""
    said = understand(turn.event.text, turn.place.phrases.table)
    if gates.courtesy(turn.event.text):
        return None  # the menu has a short word for manners
    if said.intent == "emergency" or (_late(turn) and _only_tells(said)):
        return None
    found = intake.sort(turn.event.text)
    may_be_else = said.act in ("ask", "none") or (found.sure and said.intent in ("report", "procedure"))
    if found.lane == "quarrel" and found.sure and may_be_else:
        return Start("quarrel", said=turn.event.text)
    may_complain = said.act in ("ask", "none") or said.intent in ("report", "procedure")
    if found.lane == "complaint" and said.intent != "complaint" and may_complain:
        other = ("procedure",) if said.intent == "procedure" else ()
        return _ask(turn, Understood("ask", "complaint", ("complaint", "report", *other)))
    if said.act == "none" or (said.intent in ("thanks", "survey") and found.kind == "praise" and _names_somebody(said)):
        return _report(turn) if found.field != "other" or said.act != "none" else None
    if found.lane == "quarrel" and said.act == "ask":
        return _report(turn)
    if said.intent == "accusation":
        return Start("accusation", text=turn.event.text, answering=False)
    if said.act == "ask" or said.intent in CONFIRMED:
        return _ask(turn, said if found.field == "other" else _or_report(said))
    numbers = codes.find(turn.event.text)
    if not numbers and said.intent in ("lookup", "procedure", "payment") and intake.served_badly(turn.event.text):
        return _ask(turn, _or_report(said))
    more = [_button(each, turn) for each in said.others if each in LABELS]
    if numbers and said.intent == "lookup":
        more = [
            *(Button(_("Look up {code}", code=code), str(RouteToken("lookup", (code,)))) for code in numbers[1:]),
            *more,
        ]
        return _with(Go(otherwise=Start("dossier", code=numbers[0])), more)
    return _with(_lead(turn, said), more)


@routes.gate("other-matter")
def other_matter(turn: Turn) -> Reply | None:
    """Words that are no answer to the open question, but clearly mean something else: one tap leads there."""
    talk = None if turn.in_office else conversations.live(turn.db, turn.lane_id, turn.address.sender)
    if talk is None:
        return None
    said = understand(turn.event.text, turn.place.phrases.table, loosely=False)
    if said.act != "lead" or said.intent not in LABELS or talk.route in ROUTES[said.intent]:
        return None
    return Reply(_("Or do you mean something else? Please tap that button."), buttons=(_button(said.intent, turn),))


@routes.tap("intent")
def intent(turn: Turn, name: str) -> Reply | Start | Go:
    """A button of ours: the same as if she had written it."""
    return _lead(turn, Understood("lead", name if name in LABELS else "help"))


# --- asking -----------------------------------------------------------------------------------------------------------


def _ask(turn: Turn, said: Understood) -> Reply:
    """One question with buttons; a person is always among them."""
    choices = [name for name in said.choices if name in LABELS]
    if said.intent == "complaint":
        others = [_button(name, turn) for name in choices if name != "complaint"]
        yes = Button(_("Yes, I want to complain"), str(RouteToken("intent", ("complaint",))))
        return Reply(_("May I ask first: do you want to complain?"), buttons=(yes, *others, _button("person")))
    names = dict.fromkeys((*(choices or [said.intent if said.intent in LABELS else "help"]), "person"))
    return Reply(_("Which of these do you mean?"), buttons=tuple(_button(name, turn) for name in names), numbered=True)


def _or_report(said: Understood) -> Understood:
    """Words about roads, rubbish, schools may be a report whatever else they sound like."""
    if said.intent in CONFIRMED or "report" in said.choices or said.intent == "complaint":
        return said
    choices = said.choices or ((said.intent,) if said.intent in LABELS else ())
    return replace(said, choices=("report", *choices))


def _button(name: str, turn: Turn | None = None) -> Button:
    """What leads there; her words go with it to a report, which they may be."""
    if name == "report" and turn is not None and turn.event.kind == "text":
        return Button(LABELS[name], str(RouteToken("report-kept", (report.kept(turn),))))
    return Button(LABELS[name], str(RouteToken("intent", (name,))))


# --- leading ----------------------------------------------------------------------------------------------------------


def _lead(turn: Turn, said: Understood) -> Go:
    """Where an intent leads."""
    answers = {
        "cancel": _nothing_to_cancel,
        "back": _nothing_to_go_back_to,
        "language": _language,
        "playful": _playful,
        "abusive": _abusive,
        "greeting": greeting.greet,
        "thanks": _welcome,
    }
    if said.intent in answers:
        return Go(otherwise=answers[said.intent](turn))
    if said.intent == "report":
        return Go(otherwise=_report(turn))
    if said.intent == "person" and _names_somebody(said):
        return Go(otherwise=Start("person", said=turn.event.text))
    there_is_none = greeting.not_yet(turn)
    if said.about:
        there_is_none = there_is_none.first(_("You ask about: {procedure}.", procedure=said.about))
    return Go(ROUTES.get(said.intent, ()), there_is_none)


def _report(turn: Turn) -> Start:
    """Her own words begin it, so that one message is enough (L27)."""
    return Start("report", said=turn.event.text if turn.event.kind == "text" and not turn.event.token else "")


def _names_somebody(said: Understood) -> bool:
    return sum(word.bare not in FILLERS for word in said.words) >= NAMED


def _with(go: Go, more: list[Button]) -> Go:
    """The others of several matters in one message, offered under the answer to the first."""
    if not more:
        return go
    return Go(
        go.names,
        go.otherwise,
        Reply(_("You also asked about something else. Please tap the last buttons to go on."), buttons=tuple(more)),
    )


def _late(turn: Turn) -> bool:
    since = turn.now - conversations.KEPT
    kept = conversations.latest(turn.db, turn.lane_id, turn.address.sender, ("expired", "parked"), since)
    return kept is not None and kept.state == "expired"


def _only_tells(said: Understood) -> bool:
    return said.act == "ask" or said.intent in TELLS or said.intent == UNCLEAR


# --- answers of our own -----------------------------------------------------------------------------------------------


def _nothing_to_cancel(turn: Turn) -> Reply:
    return Reply(_("There is nothing to stop at the moment."), buttons=(_button("stop"), *greeting.MENU))


def _nothing_to_go_back_to(turn: Turn) -> Reply:
    return Reply(_("There is no question to go back to."), buttons=greeting.MENU)


def _language(turn: Turn) -> Reply:
    sorry = _("I am sorry, I only know Vietnamese so far. An official will help you; please type 0.")
    return Reply(sorry, buttons=(greeting.MENU[-1],))


def _playful(turn: Turn) -> Reply:
    """Jokes and trials are passed over kindly (L18), with what she can do here."""
    if _passed_over_just_now(turn):
        here = _("I am listening. You may ask for example: “Is my dossier ready?” or “When are you open?”")
        return Reply(here, buttons=greeting.MENU)
    machine = _("I am only a machine that answers for the commune. What can I do for you?")
    return Reply(machine, greeting.CAN, buttons=greeting.MENU)


def _abusive(turn: Turn) -> Reply:
    """Abuse is heard as somebody in trouble (L18): no reproach, and the way to a person."""
    if _passed_over_just_now(turn):
        return Reply(_("Please tell what is troubling you; for an official please type 0."), buttons=greeting.MENU)
    return Reply(
        _("Something seems to be wrong for you. Please type 0; an official will listen."), buttons=greeting.MENU
    )


def _passed_over_just_now(turn: Turn) -> bool:
    """Whether she has just read the first of two sentences, so that she never reads one twice in a row.

    Any other turn that is understood sets the count of what was not to 0 again (`bot.dispatcher`), this one too when it
    was not 0; below 0 nothing brings a person by itself (L10).
    """
    if turn.citizen is None:
        return False
    if turn.citizen.misunderstood == 0:
        citizens.change(turn.db, turn.citizen.id, misunderstood=PASSED_OVER)
    return turn.citizen.misunderstood != 0


def _welcome(turn: Turn) -> Reply:
    return Reply(_("Thank you. I am here whenever you need something."))
