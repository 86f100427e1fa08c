"""What an incoming event is, and who answers it: the precedence of a text, as one list.

Each step looks at the turn and either answers or returns None, which means "not mine". SILENT is an answer without
words. Rights are checked here and nowhere else, from the sender, when the route is used.
"""

import re
from collections.abc import Callable
from datetime import timedelta
from functools import cached_property
from typing import Any, get_args

from bot import outage, tokens
from bot.conversation import classify_tap
from bot.routes import CommandRoute, ConversationRoute, Go, Route, Routes, Start, TapRoute
from bot.state import Kind, Raw
from bot.talks import Talks
from bot.tokens import RouteToken, TalkToken
from bot.turn import Turn
from messages import cases, codes, gates
from messages.fold import fold
from messages.reply import Button, Reply, Text, _
from messages.understanding.understand import FILLERS
from storage import conversations, takeovers
from storage.conversations import Talk

SILENT = Reply()
CANCEL = frozenset({"huy", "huy bo", "thoi", "thoi khong lam nua", "khong lam nua", "dung lai", "cancel", "stop"})
BACK = frozenset({"quay lai", "back", "tro lai"})
RESUME = frozenset({"tiep tuc", "lam tiep"})
PERSON = "person"
POLITE = FILLERS | {"hoi"}
"""Words around a route's own that change nothing: "cho hỏi … với ạ"."""
ANSWERS_CASE = frozenset({"text", "photo", "file", "voice", "location"})
"""What may answer a question of the office about a case."""
ABOUT_CHAT = frozenset({"left", "back", "joined", "removed", "anonymous", "moved", "takeover", "withdrawn"})
"""Events about the chat itself; a handler's gate of that name answers."""
_NUMBER = re.compile(r"\d+\. ")
LIST_HOURS = 12
"""How long a typed number answers a list without a question (L08)."""


class Router:
    """Answers one event. Made for one turn."""

    def __init__(self, turn: Turn, routes: Routes) -> None:
        self.turn, self.routes = turn, routes
        self.talks = Talks(turn, routes)
        self.text = turn.event.text.strip()
        self.folded = fold(self.text)
        self.route = turn.event.kind
        self.misunderstood = False

    PRECEDENCE: "tuple[Callable[[Router], Reply | None], ...]"

    def answer(self) -> Reply:
        """The reply to this turn's event; without paragraphs when there is nothing to say."""
        event = self.turn.event
        if event.kind == "internal":
            return self._internal()
        if event.kind in ABOUT_CHAT:
            return self._gate(event.kind) or SILENT
        if (taken := self._taken_over()) is not None:
            self.route = "taken_over"
            return taken
        if event.kind == "start":
            return self._use(self.routes.by_command("/start", self.turn.roles)) or SILENT
        if event.kind == "opened":
            return self._gate("opened") or SILENT
        for step in self._steps():
            if (reply := step(self)) is not None:
                self.route = step.__name__
                self.misunderstood = step is Router.menu
                return reply
        return SILENT

    def _taken_over(self) -> Reply | None:
        """An official writes to her by hand: what is no cry for help is his to answer."""
        at = self.turn.address
        if not self.turn.place.capabilities[at.channel].takeovers:
            return None
        found = takeovers.find(self.turn.db, self.turn.commune_id, at.channel, at.account, at.chat)
        if found is None or found.until <= self.turn.now:
            return None
        return self.emergency() or self._gate("taken-over")

    def _steps(self) -> "tuple[Callable[[Router], Reply | None], ...]":
        if self.turn.event.kind == "edited":
            return () if self.turn.in_group else self.EDITED
        wordless = self.turn.event.kind not in ("text", "tap")
        if self.turn.in_group:
            return self.GROUP_WORDLESS if wordless else self.GROUP
        steps = self.WORDLESS if wordless else self.PRECEDENCE
        at_card = self.turn.official is not None and self.turn.event.reply_to  # of an emergency, in his own chat
        return (Router.whole_command, Router.about_card, *steps) if at_card else steps

    def fitted(self, reply: Reply) -> Reply:
        """More choices than the channel has buttons become a list, which is numbered so that a number answers it."""
        shows, words = self.turn.place.capabilities[self.turn.address.channel], self.turn.place.catalogs
        if len(reply.buttons) <= shows.buttons or any(belongs_to_talk(each.token) for each in reply.buttons):
            return reply
        if any(_NUMBER.match(words.text(each.label, self.turn.language)) for each in reply.buttons):
            return reply
        return reply.with_buttons(*reply.buttons, numbered=True)

    def list_items(self, reply: Reply) -> list[tuple[str, str]]:
        """The choices of a reply that a typed number or label may mean later: those outside a talk."""
        words, masks = self.turn.place.catalogs, self.turn.place.capabilities[self.turn.address.channel].masks
        items = [
            (words.text(each.label, self.turn.language, masks), each.token)
            for each in reply.buttons
            if not belongs_to_talk(each.token)
        ]
        return [
            (f"{place}. {label}" if reply.numbered else label, token) for place, (label, token) in enumerate(items, 1)
        ]

    # --- the precedence of a text -----------------------------------------------------------------------------------

    def token(self) -> Reply | None:
        """(1) One of our tokens: a tap, or a tap that came back as text."""
        token = tokens.parse(self.turn.event.token or self.text)
        if token is None:
            return None
        return self._talk_tap(token) if isinstance(token, TalkToken) else self._route_tap(token)

    def whole_command(self) -> Reply | None:
        """(2) A message that is a command as a whole: /tracuu, 0, back, cancel."""
        live = self.talks.live
        if self.text == "0":
            return self._start(Start(PERSON)) if not self._in_office else None
        if self.text.startswith("/"):
            return self._slash()
        if self.turn.citizen is not None and (said := self._gate("hear") or self._gate("join")) is not None:
            return said
        if live is not None and self.folded in BACK:
            return self._not_hers(live) or self.talks.back(live)
        stops = gates.stops(self.text) if self.turn.citizen is not None else None
        if live is not None and (self.folded in CANCEL or stops == "stop"):
            return self.talks.cancel(live)
        if live is None and stops is not None:
            return self._gate("stop")
        if self.folded in RESUME and (kept := self.talks.resumable()) is not None:
            return self._not_hers(kept) or self.talks.resume(kept)
        return None

    def emergency(self) -> Reply | None:
        """(3) Fire, injury, crime: the short numbers first, whatever is going on."""
        return None if self._at_work else self._gate("emergency")

    def accusation(self) -> Reply | None:
        """(3) Words that accuse a person never reach a shared chat (L03)."""
        return None if self._at_work else self._gate("accusation")

    def live_question(self) -> Reply | None:
        """(4) The answer to the question that is open."""
        live = self.talks.live
        if live is None:
            return None
        if refused := self._not_hers(live):
            return refused
        if self.turn.replayed and self.talks.state(live).confirming:
            return self.talks.ask_again(live)  # what an operator sends again never says yes for her
        if doubt := self._two_lists():
            return doubt
        if self.turn.event.kind == "voice" and not self._at_work and (offer := self._gate("voice")) is not None:
            asked = self.talks.ask_again(live)  # never a wrong answer (L12)
            buttons = (*offer.buttons, *asked.buttons)
            return Reply(*offer.paragraphs, *asked.paragraphs, buttons=buttons, secret=asked.secret)
        reply = self.talks.answer(live, self._raw())
        return self._or_another(reply) if self.talks.missed else reply

    def stranger(self) -> Reply | None:
        """In a group nobody but an official of the office's own group is served: others read along."""
        if not self.turn.in_office:
            return self._gate("elsewhere")
        return self._not_for_her() if self.turn.official is None else None

    def list_of_dossiers(self) -> Reply | None:
        """A spreadsheet from an official is the desk's list, whatever is asked at the moment."""
        return self._gate("list") if self.turn.official is not None else None

    def no_list(self) -> Reply | None:
        """Nobody at the office has asked for this picture or paper."""
        return self._gate("no-list") if self._in_office else None

    def about_card(self) -> Reply | None:
        """What answers a card by quoting it, bound by the stored message id."""
        return self._gate("card") if self.turn.event.reply_to else None

    def latest_list(self) -> Reply | None:
        """(5) A number or label of the latest list sent here."""
        shown = conversations.lists(self.turn.db, self.turn.commune_id, self.turn.lane_id, self.turn.address.sender)
        meant = [
            (each.sent_at, choice)
            for each in shown
            if (choice := _chosen(each.items, self.text, self.folded)) is not None
        ]
        if not meant:
            return None
        fresh = self.turn.now - timedelta(hours=LIST_HOURS)
        if len({token for _at, (_label, token) in meant}) > 1 or meant[0][0] < fresh:
            return self._ask_which([choice for _at, choice in meant])
        token = tokens.parse(meant[0][1][1])
        return self._route_tap(token) if isinstance(token, RouteToken) else None

    def with_a_person(self) -> Reply | None:
        """(6) She is talking with a person: what she writes goes to the office."""
        return None if self._in_office else self._gate("person")

    def about_case(self) -> Reply | None:
        """(6) The office has asked her something about a case: what is nothing else is her answer."""
        if self._in_office or self.turn.citizen is None or self.turn.event.kind not in ANSWERS_CASE:
            return None
        return None if self._exact_route is not None else self._gate("case")

    def code_or_phrase(self) -> Reply | None:
        """(7) The number of a case or dossier anywhere in the message, one read in a picture (L15), her own phone, or
        words we know.
        """
        if self.turn.event.kind == "contact":
            return None if self._in_office else self._own_phone()
        if cases.find(self.text) and (told := self._gate("case-number")) is not None:
            return told
        if (meant := self._understood()) is not None:
            return meant
        if (found := codes.find(self.text)) and "dossier" in self.routes.conversations and not self._in_office:
            return self._start(Start("dossier", code=found[0]))
        if self.turn.event.kind not in ("text", "tap"):
            return None if self._in_office else self._gate("picture")
        around = None if self._in_office or "understanding" not in self.routes.gates else POLITE
        route = self.routes.by_words(self.text, self.turn.roles, around=around)
        return None if route is None or not self._may(route.role) else self._use((route, ""))

    def _own_phone(self) -> Reply:
        """Shared unasked, it answers the question of the look-up."""
        asked = self._start(Start("dossier"))
        live = self.talks.live
        return asked if live is None else self.talks.answer(live, self._raw())

    def edited(self) -> Reply | None:
        """She has changed an earlier message: never an answer to what is open now."""
        return self._gate("edited")

    def late_answer(self) -> Reply | None:
        """Words or pictures for a talk that expired meanwhile are kept with it, never thrown away (L07)."""
        kept = self.talks.resumable()
        route = self.talks.route(kept) if kept is not None else None
        if kept is None or route is None or kept.state != "expired" or self.turn.event.kind == "voice":
            return None
        self.talks.attach(kept, self._raw())
        go_on = Button(_("Go on with “{title}”", title=route.title), str(RouteToken("talk", ("resume", kept.token))))
        drop = Button(_("No, leave it"), str(RouteToken("talk", ("drop", kept.token))))
        return Reply(
            _("Is this for “{title}”, which was left unfinished? I have kept it.", title=route.title),
            buttons=(go_on, drop),
        )

    def menu(self) -> Reply | None:
        """(8) Nothing fits: a kind sentence and the menu; twice in a row, a person (L10)."""
        return self._gate("menu")

    # --- taps -------------------------------------------------------------------------------------------------------

    def _talk_tap(self, token: TalkToken) -> Reply:
        live = self.talks.live
        if live is None or live.token != token.talk:
            return self.talks.closed(token.talk)
        if refused := self._not_hers(live):
            return refused
        what = classify_tap(self.talks.state(live), token)
        if what == "live" and self.turn.replayed and self.talks.state(live).confirming:
            return self.talks.ask_again(live)
        if what == "live":
            label = self.text or self.talks.label(live, token.value)  # some messengers bring the token alone
            return self.talks.answer(live, Raw("tap", label, token.value))
        if what == "answered":
            trail = self.talks.state(live).trail
            place = trail.index(token.question) if token.question in trail else 0
            change = Button(_("Change it"), str(RouteToken("talk", ("change", live.token, str(place)))))
            return self.talks.ask_again(live, _("You have answered that already.")).with_buttons_added(change)
        return self.talks.ask_again(live, _("That button belongs to an earlier question."))

    def _route_tap(self, token: RouteToken) -> Reply:
        if token.route == "talk":
            return self._about_talk(*token.args)
        if token.route == PERSON:
            return self._start(Start(PERSON))
        if token.route == "lookup":
            return self._start(Start("dossier", code=token.args[0] if token.args else ""))
        route = self.routes.tap_named(token.route)
        if route is None or not route.takes(token.args):
            return Reply(_("That button no longer works. Please begin again from the menu."))
        if not self._may(route.role):
            return self._not_for_her()
        return self._finish(route.function(self.turn, *token.args))

    def _about_talk(self, action: str = "", name: str = "", place: str = "") -> Reply:
        begins = self.routes.conversations.get(name) if action == "begin" else None
        if begins is not None and begins.starts_alone:
            return self._use((begins, "")) or SILENT
        talk = conversations.by_token(
            self.turn.db, self.turn.commune_id, self.turn.lane_id, self.turn.address.sender, name
        )
        if talk is None:
            return self.talks.closed(name)
        if refused := self._not_hers(talk):
            return refused
        if action == "resume" and self.talks.can_resume(talk):
            return self.talks.resume(talk)
        if action == "drop" and talk.state in ("expired", "parked"):
            return self.talks.cancel(talk)
        if talk.state != "live":
            return self.talks.closed(name)
        if action == "change":
            return self.talks.change_nth(talk, place)
        actions = {"back": self.talks.back, "cancel": self.talks.cancel, "changes": self.talks.changes}
        return actions.get(action, self.talks.ask_again)(talk)

    # --- shared -----------------------------------------------------------------------------------------------------

    def _slash(self) -> Reply | None:
        live = self.talks.live
        name = self.folded.split(" ")[0]
        if name in ("huy", "cancel"):
            return self.talks.cancel(live) if live is not None else Reply(_("There is nothing to stop at the moment."))
        if name in ("quaylai", "back"):
            if live is None:
                return Reply(_("There is no question to go back to."))
            return self._not_hers(live) or self.talks.back(live)
        found = self.routes.by_command(self.text, self.turn.roles)
        return None if found is None else self._use(found)

    def _use(self, found: tuple[Route, str] | None) -> Reply | None:
        if found is None:
            return None
        route, rest = found
        if not self._may(route.role):
            return self._not_for_her()
        if isinstance(route, ConversationRoute):
            return self._start(Start(route.name, **self._arguments(route, rest)))
        if isinstance(route, CommandRoute):
            return self._finish(route.function(self.turn, rest))
        assert isinstance(route, TapRoute)
        return self._finish(route.function(self.turn))

    def _arguments(self, route: ConversationRoute, rest: str) -> dict[str, Any]:
        return {"code": rest} if rest and route.name == "dossier" else {}

    def _start(self, begin: Start) -> Reply:
        if begin.route == PERSON and self._in_office:
            return self._gate("menu") or SILENT  # an official is a person already
        live = self.talks.live
        if begin == Start(PERSON) and live is not None and live.route == PERSON and (on := self.talks.skip(live)):
            return on  # on her way to a person already: nothing she is asked there may hold her up
        route = self.routes.conversations[begin.route]
        if not self._may(route.role):
            return self._not_for_her()
        if self.turn.in_group and not route.in_group:
            return Reply(_("This takes several questions. Please do it at /office, or write to me privately."))
        return self.talks.start(begin)

    def _finish(self, result: Reply | Start | Go | None) -> Reply:
        if isinstance(result, Go):
            return self._go(result)
        if isinstance(result, Start):
            return self._start(result)
        return SILENT if result is None else result

    def _understood(self) -> Reply | None:
        """What a villager's own words mean; what is a route's words and no more, or an official's, is that route's."""
        if self._in_office or self.turn.event.kind not in ("text", "tap"):
            return None
        return self._gate("understanding") if self._exact_route is None else None

    @cached_property
    def _exact_route(self) -> Route | None:
        """The route whose words the message is, and no more."""
        return self.routes.by_words(self.text, self.turn.roles, around=POLITE)

    def _go(self, go: Go) -> Reply:
        route = next((found for name in go.names if (found := self.routes.named(name)) is not None), None)
        reply = self._finish(go.otherwise) if route is None else self._use((route, "")) or SILENT
        if go.also is None:
            return reply
        return reply.add(*go.also.paragraphs).with_buttons(*reply.buttons, *go.also.buttons, numbered=reply.numbered)

    def _gate(self, name: str) -> Reply | None:
        gate = self.routes.gates.get(name)
        result = gate(self.turn) if gate is not None else None
        return None if result is None else self._finish(result)

    def _internal(self) -> Reply:
        event = self.turn.event
        if event.name in ("talk", outage.EVENT):
            talk = conversations.by_token(
                self.turn.db,
                self.turn.commune_id,
                self.turn.lane_id,
                self.turn.address.sender,
                str(event.args.get("token")),
            )
            if talk is None or talk.state != "live":
                return SILENT
            wake = self.talks.wake if event.name == "talk" else self.talks.ask_after_outage
            return self._not_hers(talk) or wake(talk) or SILENT
        handler = self.routes.events.get(event.name)
        return SILENT if handler is None else self._finish(handler(self.turn, **event.args))

    def _or_another(self, reply: Reply) -> Reply:
        """What she wrote is no answer: it may be a button's label, or clearly be about something else."""
        if self.turn.event.kind != "text" or self.turn.in_group or self._at_work:
            return reply
        if not self.text.rstrip(".").isdecimal() and (meant := self.latest_list()) is not None:
            return meant
        other = self._gate("other-matter")
        return reply if other is None else reply.add(*other.paragraphs).with_buttons(*reply.buttons, *other.buttons)

    def _two_lists(self) -> Reply | None:
        """A number while a question and a later list are both open: ask which was meant, record nothing yet (L08)."""
        live = self.talks.live
        if live is None or not self.text.rstrip(".").isdecimal():
            return None
        state = self.talks.state(live)
        if not state.listing:
            return None
        later = [
            choice
            for each in conversations.lists(
                self.turn.db, self.turn.commune_id, self.turn.lane_id, self.turn.address.sender
            )
            if each.sent_at > live.touched_at and (choice := _chosen(each.items, self.text, self.folded)) is not None
        ]
        old = live.touched_at < self.turn.now - timedelta(hours=LIST_HOURS)
        if not later and not old:
            return None
        asked = self.talks.ask_again(live)
        mine = [
            (button.label, button.token)
            for button in asked.buttons
            if (token := tokens.parse(button.token)) and isinstance(token, TalkToken)
        ]
        number = int(self.text.rstrip("."))
        chosen = [mine[number - 1]] if 1 <= number <= len(mine) else []
        return self._ask_which([*chosen, *later]) if chosen or later else None

    def _ask_which(self, choices: "list[tuple[Text, str]] | list[tuple[str, str]]") -> Reply:
        buttons = {token: Button(label, token) for label, token in choices}
        if len(buttons) == 1:
            only = next(iter(buttons.values()))
            return Reply(
                _("You chose “{choice}”. Is that right? Please tap it to confirm.", choice=only.label), buttons=(only,)
            )
        return Reply(
            _("I am not sure which list you mean. Please tap what you would like."), buttons=tuple(buttons.values())
        )

    def _raw(self) -> Raw:
        if self.turn.event.kind == "contact":  # only her own number is one; somebody else's is not even kept
            return Raw("contact", self.turn.event.phone if self.turn.event.own else "")
        kind = self.turn.event.kind if self.turn.event.kind in get_args(Kind) else "text"
        event = self.turn.event
        text = event.phone if event.kind == "contact" and event.own else event.text
        if event.kind == "location" and event.place is not None:
            text = "{},{}".format(*event.place)
        return Raw("text" if kind == "tap" else kind, text, None, event.files, event.place)  # type: ignore[arg-type]

    def _may(self, role: str | None) -> bool:
        return role is None or role in self.turn.roles

    def _not_hers(self, talk: Talk) -> Reply | None:
        """A talk begun with a right that has been taken from her since ends here, whatever she answers."""
        route = self.talks.route(talk)
        if route is None or self._may(route.role):
            return None
        self.talks.cancel(talk)
        return self._not_for_her()

    def _not_for_her(self) -> Reply:
        return Reply(_("I am sorry, this is only for officials who have been invited."))

    @property
    def _in_office(self) -> bool:
        return self.turn.in_office

    @property
    def _at_work(self) -> bool:
        """An official at an official's work, wherever he does it: what he writes about others is no cry for help."""
        live = self.talks.live if self.turn.official is not None and not self._in_office else None
        route = self.talks.route(live) if live is not None else None
        return self._in_office or (route is not None and route.role is not None)

    WORDLESS: "tuple[Callable[[Router], Reply | None], ...]"
    EDITED: "tuple[Callable[[Router], Reply | None], ...]"
    GROUP: "tuple[Callable[[Router], Reply | None], ...]"
    GROUP_WORDLESS: "tuple[Callable[[Router], Reply | None], ...]"


Router.PRECEDENCE = (
    Router.token,
    Router.whole_command,
    Router.emergency,
    Router.accusation,
    Router.live_question,
    Router.latest_list,
    Router.with_a_person,
    Router.about_case,
    Router.code_or_phrase,
    Router.late_answer,
    Router.menu,
)
"""What an incoming text is, in this order (design: "A turn")."""
Router.WORDLESS = (
    Router.emergency, Router.accusation, Router.list_of_dossiers, Router.live_question, Router.with_a_person,
    Router.about_case, Router.code_or_phrase, Router.late_answer, Router.no_list, Router.menu,
)  # fmt: skip
"""The same for a picture, a voice note, a sticker, a place."""
Router.EDITED = (Router.emergency, Router.accusation, Router.with_a_person, Router.edited)
"""The same for a message that was changed after it had been sent."""
Router.GROUP = (
    Router.stranger,
    Router.token,
    Router.whole_command,
    Router.about_card,
    Router.live_question,
    Router.latest_list,
    Router.code_or_phrase,
    Router.menu,
)
"""The same in a group of a messenger, where a channel hands over only what is meant for us."""
Router.GROUP_WORDLESS = (
    Router.stranger, Router.list_of_dossiers, Router.about_card, Router.live_question, Router.no_list, Router.menu,
)  # fmt: skip


def belongs_to_talk(token: str) -> bool:
    """Whether a button is one of a question's: its choices, the way back, the way out."""
    parsed = tokens.parse(token)
    return isinstance(parsed, TalkToken) or (
        isinstance(parsed, RouteToken) and parsed.route == "talk" and parsed.args[:1] != ("change",)
    )


def _chosen(items: list[tuple[str, str]], text: str, folded: str) -> tuple[str, str] | None:
    """The item a typed number or label means."""
    number = text.rstrip(".) ")
    for label, token in items:
        mark, dot, words = label.partition(". ")
        if dot and number.isdecimal() and mark == str(int(number)):
            return label, token
        if folded and folded in (fold(label), fold(words)):
            return label, token
    return None
