"""A conversation between one message and the next: starts, answers, parks, expires, resumes; the engine meets the rows.

`bot.conversation` runs a talk without knowing a database; here its state is read from the talk's row, run, stored again
and turned into a reply, all inside the turn. The reply to a question always offers a way back and a way out.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bot import conversation as engine
from bot import outage
from bot.conversation import Again, Closed, Ended, Step, Waiting
from bot.questions import SKIP
from bot.routes import ConversationRoute, Routes, Start
from bot.state import ConversationError, Raw, State, start
from bot.tokens import RouteToken, TalkToken
from bot.turn import Address, Turn, Work
from messages import codes
from messages.reply import Button, Msg, Personal, Reply, Text, _
from storage import conversations, inbox, outages
from storage.conversations import Talk

MOST_AGAINS = 5
MISUNDERSTOOD = 2
"""Misunderstandings in a row that bring a person (L10)."""


@dataclass(frozen=True)
class View:
    """The read-only view a conversation gets (`find`)."""

    turn: Turn

    @property
    def now(self) -> datetime:
        return self.turn.now

    @property
    def citizen(self) -> Any:
        return self.turn.citizen

    @property
    def official(self) -> Any:
        return self.turn.official

    @property
    def address(self) -> Address:
        return self.turn.address

    @property
    def commune(self) -> Any:
        return self.turn.commune

    @property
    def shares(self) -> frozenset[str]:
        """What one tap sends from her phone here; in a group nothing does."""
        turn = self.turn
        return frozenset() if turn.in_group else turn.place.capabilities[turn.address.channel].shares

    def plays(self, channel: str) -> bool:
        """Whether people on this channel can hear a recording of ours."""
        found = self.turn.place.capabilities.get(channel)
        return found is None or found.plays

    def __call__(self, function: Callable[..., Any], /, *args: Any) -> Any:
        return function(self.turn.db, self.turn.commune_id, *args)


def wake_due(work: Work) -> None:
    """A tick: talks whose time has come get an event in their own lane, where they expire or are run again."""
    deaf = outages.deaf(work.db, work.commune_id, work.now)
    outage.ask_again(work)
    for due in conversations.due(work.db, work.commune_id, work.now, deaf):
        # One event for each moment, however often the tick sees the talk before its lane has had its turn.
        once = f"talk:{due.token}:{(due.wake_at or due.expires_at).timestamp():.0f}"
        raw = inbox.internal("talk", token=due.token)
        work.events += inbox.insert_internal(work.db, work.commune_id, due.lane_id, due.sender, once, raw, work.now)


class Talks:
    """The talks of one turn's sender."""

    def __init__(self, turn: Turn, routes: Routes) -> None:
        self._turn, self._routes = turn, routes
        self._live, self._looked = turn.talk, True
        self.asked: str | None = None  # the talk whose open question is the reply
        self.missed = False  # what she wrote is no answer to the question that is open

    @property
    def live(self) -> Talk | None:
        """The talk going on; it came with the event, and is read again only after it has changed."""
        if not self._looked:
            self._live = conversations.live(self._turn.db, self._turn.lane_id, self._turn.address.sender)
            self._looked = True
        return self._live

    def state(self, talk: Talk) -> State:
        return State.from_json(talk.data["state"])

    def route(self, talk: Talk) -> ConversationRoute | None:
        """The talk's conversation; None when a deploy has removed it."""
        return self._routes.conversation_named(talk.route)

    # --- what can happen to a talk ---------------------------------------------------------------------------------

    def start(self, begin: Start) -> Reply:
        """Begin a conversation; one that was going on is parked and can be resumed."""
        route = self._routes.conversations[begin.route]
        parked = self.live
        talk = conversations.open_talk(
            self._turn.db,
            self._turn.commune_id,
            self._turn.lane_id,
            self._turn.address.sender,
            route.name,
            self._turn.now,
            self._turn.now + route.idle,
            park=parked is not None,
        )
        reply = self._run(talk, route, start(route.name, talk.token, begin.args), None)
        return reply.first(self._keeps(parked)) if parked is not None and parked.route != route.name else reply

    def answer(self, talk: Talk, raw: Raw) -> Reply:
        """An answer to the open question. A dossier code inside an accepted answer adds a line offering the look-up."""
        route = self.route(talk)
        if route is None:
            return self._withdrawn(talk)
        before = self.state(talk)
        reply = self._run(talk, route, before, raw)
        self.missed = self._not_understood(talk, before)
        return self._offer_lookup(reply, talk, before, raw)

    def back(self, talk: Talk) -> Reply:
        """One question back."""
        route = self.route(talk)
        if route is None:
            return self._withdrawn(talk)
        earlier = engine.drop_last(self.state(talk))
        if earlier is None:
            return self._run(talk, route, self.state(talk), None, hint=_("This is the first question already."))
        return self._run(talk, route, earlier, None)

    def change(self, talk: Talk, question: str) -> Reply:
        """Answer an earlier question anew; the other answers are kept where they still fit."""
        route = self.route(talk)
        if route is None:
            return self._withdrawn(talk)
        return self._run(talk, route, engine.forget(self.state(talk), question), None)

    def changes(self, talk: Talk) -> Reply:
        """The answers so far, to choose which one to change."""
        state = self.state(talk)
        given = {each.name: each.raw for each in state.answers}
        buttons = [
            Button(_short(given[name]), str(RouteToken("talk", ("change", talk.token, str(place)))))
            for place, name in enumerate(state.trail)
            if name in given
        ]
        if not buttons:
            return self.ask_again(talk)
        if len(buttons) == 1:
            return self.change(talk, state.trail[0])
        return Reply(_("Which answer would you like to change?"), buttons=tuple(buttons), numbered=True)

    def change_nth(self, talk: Talk, place: str) -> Reply:
        """Change the answer at that place of `changes`."""
        trail = self.state(talk).trail
        return (
            self.change(talk, trail[int(place)])
            if place.isdecimal() and int(place) < len(trail)
            else self.ask_again(talk)
        )

    def skip(self, talk: Talk) -> Reply | None:
        """Leave the open question out; None when it is one that may not be left out."""
        route = self.route(talk)
        step = None if route is None else self._advance(route, self.state(talk), None)
        if isinstance(step, Waiting) and SKIP in dict(step.question.choices()):
            return self.answer(talk, Raw("tap", "0", SKIP))
        return None

    def ask_again(self, talk: Talk, hint: Msg | None = None) -> Reply:
        """The open question once more."""
        route = self.route(talk)
        return self._withdrawn(talk) if route is None else self._run(talk, route, self.state(talk), None, hint=hint)

    def ask_after_outage(self, talk: Talk) -> Reply | None:
        """The open question once more, when it has buttons: whoever pressed one while we were away was not heard."""
        route = self.route(talk)
        step = None if route is None else self._advance(route, self.state(talk), None)
        if not isinstance(step, Waiting) or not step.question.choices():
            return None
        return self.ask_again(talk, _("We could not be reached for a while. Please answer once more."))

    def cancel(self, talk: Talk) -> Reply:
        """Stop the talk; nothing of it is done."""
        self._save(talk, "closed", {}, timedelta(0))
        return Reply(_("All right, I have stopped that. Nothing was sent."), *self._parked(talk))

    def resume(self, talk: Talk) -> Reply:
        """Go on with an expired or parked talk; what came late for it is its next answer."""
        route = self.route(talk)
        if route is None:
            return self._withdrawn(talk)
        conversations.revive(self._turn.db, talk, self._turn.now, self._turn.now + route.idle)
        late = [Raw.from_json(each) for each in talk.data.get("late", [])]
        state = self.state(talk)
        reply = self._run(talk, route, state, None, hint=_("Let us go on with “{title}”.", title=route.title))
        for raw in late:
            current = conversations.by_token(
                self._turn.db, self._turn.commune_id, self._turn.lane_id, self._turn.address.sender, talk.token
            )
            if current is not None and current.state == "live":
                reply = self._run(current, route, self.state(current), raw)
        return reply

    def attach(self, talk: Talk, raw: Raw) -> None:
        """Keep what came too late for an expired talk; `resume` hands it in."""
        data = talk.data | {"late": [*talk.data.get("late", []), raw.to_json()][-20:]}
        conversations.save(self._turn.db, talk.id, talk.state, data, talk.touched_at, talk.expires_at)

    def wake(self, talk: Talk) -> Reply | None:
        """The clock runs the talk (a question's `wake_at`), or finds that it has expired."""
        route = self.route(talk)
        if route is None:
            return self._withdrawn(talk)
        if talk.expires_at <= self._turn.now:
            return self._expire(talk, route)
        step = self._advance(route, self.state(talk), Raw("wake"))
        if isinstance(step, Waiting) and step.unchanged:
            self._keep(talk, step)
            return None
        return self._reply(talk, route, step)

    def can_resume(self, talk: Talk) -> bool:
        """Whether one tap can continue it: for 7 days, while its answers are kept."""
        kept = talk.touched_at >= self._turn.now - conversations.KEPT and "state" in talk.data
        return talk.state in ("expired", "parked") and kept

    def resumable(self) -> Talk | None:
        """The latest talk of hers that one tap can continue."""
        since = self._turn.now - conversations.KEPT
        return conversations.latest(
            self._turn.db, self._turn.lane_id, self._turn.address.sender, ("expired", "parked"), since
        )

    def closed(self, token: str) -> Reply:
        """A button of a talk that is not live: its result again, a way to continue, or "that form is closed"."""
        talk = conversations.by_token(
            self._turn.db, self._turn.commune_id, self._turn.lane_id, self._turn.address.sender, token
        )
        if talk is None:
            return Reply(_("That form is closed."))
        if talk.state == "ended" and talk.data.get("result"):
            return Reply(_("You have already finished this. Here is what came of it:"), *talk.data["result"])
        route = self.route(talk)
        if talk.state == "closed":
            return Reply(_("That form is closed; you stopped it."), buttons=self._begin_again(route))
        if route is None or not self.can_resume(talk):
            return Reply(_("That form is closed."), buttons=self._begin_again(route))
        go_on = Button(_("Go on with “{title}”", title=route.title), str(RouteToken("talk", ("resume", talk.token))))
        return Reply(_("That form is closed, but I have kept your answers."), buttons=(go_on,))

    def label(self, talk: Talk, value: str) -> str:
        """What the button of that value says under the open question, in her language; "" when it has none."""
        route = self.route(talk)
        step = None if route is None else self._advance(route, self.state(talk), None)
        words = dict(step.question.choices()).get(value) if isinstance(step, Waiting) else None
        return "" if words is None else self._turn.place.catalogs.text(words, self._turn.language)

    # --- one step ---------------------------------------------------------------------------------------------------

    def _run(
        self, talk: Talk, route: ConversationRoute, state: State, raw: Raw | None, hint: Msg | None = None
    ) -> Reply:
        return self._reply(talk, route, self._advance(route, state, raw, hint))

    def _advance(self, route: ConversationRoute, state: State, raw: Raw | None, hint: Msg | None = None) -> Step:
        return engine.advance(route.function, state, View(self._turn), self._perform, raw, hint)

    def _perform(self, command: Any) -> Any:
        return self._routes.performer(command)(command, self._turn)

    def _reply(self, talk: Talk, route: ConversationRoute, step: Step) -> Reply:
        for _again in range(MOST_AGAINS):
            if isinstance(step, Waiting):
                self._keep(talk, step)
                self.asked = talk.token
                return self._question(talk, step)
            if isinstance(step, Closed):
                self._save(talk, "closed", {}, timedelta(0))
                return Reply(step.msg)
            try:
                return self._end(talk, step)
            except Again as why:
                step = engine.again(route.function, step.state, View(self._turn), self._perform, why)
        raise ConversationError(f"{route.name!r} was sent back {MOST_AGAINS} times in one turn.")

    def _keep(self, talk: Talk, step: Waiting) -> None:
        route = self._routes.conversations[talk.route]
        self._save(talk, "live", {"state": step.state.to_json()}, route.idle, step.state.wake_at)

    def _end(self, talk: Talk, step: Ended) -> Reply:
        reply: Reply | Start | None = None if step.command is None else self._perform(step.command)
        if isinstance(reply, Start):
            self._save(talk, "ended", {}, timedelta(0))
            return self.start(reply)
        if reply is None:
            reply = Reply(_("All right. Thank you."))
        masks = self._turn.place.capabilities[self._turn.address.channel].masks
        words = [self._turn.place.catalogs.text(part, self._turn.language, masks) for part in reply.paragraphs]
        self._save(talk, "ended", {"result": words}, timedelta(0))
        return reply.add(*self._parked(talk))

    def _save(
        self, talk: Talk, state: str, data: dict[str, Any], idle: timedelta, wake_at: datetime | None = None
    ) -> None:
        now = self._turn.now
        conversations.save(self._turn.db, talk.id, state, data, now, now + idle, wake_at)
        self._looked = False

    def _expire(self, talk: Talk, route: ConversationRoute) -> Reply | None:
        if route.left is not None:
            command = engine.unfinished(route.function, route.left, self.state(talk), View(self._turn))
            if command is not None:
                return self._end(talk, Ended(command, self.state(talk)))
        conversations.save(self._turn.db, talk.id, "expired", talk.data, talk.touched_at, talk.expires_at)
        go_on = Button(_("Go on with “{title}”", title=route.title), str(RouteToken("talk", ("resume", talk.token))))
        return Reply(
            _("“{title}” is not finished yet. I keep your answers for 7 days.", title=route.title), buttons=(go_on,)
        )

    # --- words ------------------------------------------------------------------------------------------------------

    def _question(self, talk: Talk, step: Waiting) -> Reply:
        question = step.question
        choices = []
        for value, label in question.choices():
            number = question.number(value)
            numbered = label if number is None else _("{number}. {label}", number=number, label=label)
            choices.append(Button(numbered, str(TalkToken(talk.token, question.name, value))))
        ways = [Button(_("Go back"), str(RouteToken("talk", ("back", talk.token))))] if step.state.trail else []
        if question.shown and step.state.trail:
            ways = [Button(_("Change an answer"), str(RouteToken("talk", ("changes", talk.token))))]
        ways.append(Button(_("Stop"), str(RouteToken("talk", ("cancel", talk.token)))))
        paragraphs: list[Text] = [*([step.hint] if step.hint else []), *question.paragraphs()]
        if step.state.prompts > MISUNDERSTOOD:
            paragraphs.append(_("Would you rather talk to a person? Please type 0."))
            ways.insert(0, Button(_("Talk to a person"), str(RouteToken("person"))))
        if self._turn.in_group and not choices:  # there the messenger forces a reply, which leaves no room for buttons
            return Reply(*paragraphs, _("Please reply to this message; /huy stops it."))
        return Reply(*paragraphs, buttons=(*choices, *ways), secret=question.secret, wants=question.wants)

    def _not_understood(self, talk: Talk, before: State) -> bool:
        after = self.live
        if after is None or after.token != talk.token:
            return False
        state = self.state(after)
        return state.pending == before.pending and state.prompts > before.prompts

    def _offer_lookup(self, reply: Reply, talk: Talk, before: State, raw: Raw) -> Reply:
        found = codes.find(raw.text) if raw.kind == "text" and talk.route != "dossier" else []
        if not found:
            return reply
        after = self.live
        if after is not None and after.token == talk.token and self.state(after).pending == before.pending:
            return reply  # it was not accepted
        button = Button(_("Look up {code}", code=found[0]), str(RouteToken("lookup", (codes.key(found[0]),))))
        return reply.add(_("I also see a dossier code, {code}.", code=found[0])).with_buttons(*reply.buttons, button)

    def _parked(self, ended: Talk) -> tuple[Text, ...]:
        parked = conversations.latest(
            self._turn.db,
            self._turn.lane_id,
            self._turn.address.sender,
            ("parked",),
            self._turn.now - conversations.KEPT,
        )
        route = self.route(parked) if parked is not None else None
        if parked is None or route is None or parked.id == ended.id:
            return ()
        return (_("“{title}” is still unfinished; type “tiếp tục” to go on with it.", title=route.title),)

    def _keeps(self, parked: Talk) -> Text:
        route = self.route(parked)
        return "" if route is None else _("I keep “{title}” for later.", title=route.title)

    def _begin_again(self, route: ConversationRoute | None) -> tuple[Button, ...]:
        if route is None or not route.starts_alone:
            return ()
        return (Button(_("Start again: {title}", title=route.title), str(RouteToken("talk", ("begin", route.name)))),)

    def _withdrawn(self, talk: Talk) -> Reply:
        self._save(talk, "closed", {}, timedelta(0))
        return Reply(_("I am sorry, this service has changed. Please begin again from the menu."))


def _short(raw: Raw) -> Personal:
    text = raw.text or raw.value or "…"
    return Personal(text if len(text) <= 40 else f"{text[:39]}…", "words")
