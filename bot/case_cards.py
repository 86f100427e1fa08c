"""How a case looks to officials: one card in the office's shared chats, edited in place.

    show(work, case, loud=…)      after every change
    whole(work, case, official)   all of it, for one official in his own chat

The shared chats see a case of lane "office" and no other. Her words stand there only while nothing in them accuses
anybody (L03): captions and what she adds are looked at here again, for no gate has seen them all. A voice note nobody
has heard and her name stay away; a hidden name is shown to whoever has the case. What is past the counter (A19) or for
the receivers (L32) is told to its readers alone, and read at /office.
"""

from collections.abc import Mapping

from bot import case_surge, duty, same_work
from bot.case_access import RECEIVE, address_of, may_read, readers, shows_name
from bot.tokens import RouteToken
from bot.turn import Address, Turn, Work, office_address
from messages import gates
from messages.cases import FIELDS, KINDS, SOURCES, code
from messages.fold import fold
from messages.reply import Button, Msg, Personal, Reply, Text, _, lines
from storage import cases, citizens, files, officials, topics
from storage.cases import Case, Entry
from storage.officials import Official

SHOWN = 6
"""Entries on a card; `whole` shows more."""
WHOLE = 30
SAID = (*cases.HERS, "asked", "reply", "note", "handed", "done", "refused", "seen", "unreached")
"""Entries that stand on a card; the others are what its buttons did."""
FIRST = ("case-take", "case-reply", "case-ask", "case-hand", "case-close")
LABELS = {
    "case-take": _("Take it"), "case-reply": _("Answer"), "case-ask": _("Ask her"), "case-hand": _("Hand on"),
    "case-close": _("Close"), "case-note": _("A note inside"), "case-refuse": _("Refuse"), "case-join": _("Join"),
    "case-urgent": _("Urgent"), "case-sort": _("Sort anew"), "case-title": _("Give a title"),
    "case-called": _("I have called"), "case-open": _("Open"), "case-more": _("More to do"),
    "case-trail": _("The whole file"),
}  # fmt: skip


def name(case: Case) -> str:
    """The card's name, the same in every chat."""
    return f"case:{case.id}"


def header(case: Case) -> Msg:
    """Number, kind, thôn and field: what every official may see."""
    village: Text = case.village or _("thôn not named")
    return _(
        "{code}, {village}: {kind}, {field}.", code=code(case.number), village=village, kind=KINDS[case.kind],
        field=FIELDS[case.field],
    )  # fmt: skip


def button(tap: str, case: Case) -> Button:
    """One button of a card."""
    return Button(LABELS[tap], str(RouteToken(tap, (str(case.id),))))


def buttons(case: Case, *, call: bool = False) -> tuple[Button, ...]:
    """What is done most often; the rest stands behind "more". call: what she was told has not reached her."""
    called = (button("case-called", case),) if call or not case.has_chat else ()
    if not case.is_open:
        return (*(called if call else ()), button("case-open", case))
    return (*called, *(button(each, case) for each in (*FIRST, "case-open", "case-more")))


def more_buttons(case: Case) -> tuple[Button, ...]:
    """What stands behind "more"."""
    return tuple(button(each, case) for each in LABELS if each not in (*FIRST, "case-called", "case-open", "case-more"))


# --- the card ---------------------------------------------------------------------------------------------------------


def show(work: Work, case: Case, *, loud: bool = False) -> None:
    """Post the newest state of a case's card to those who may see it."""
    if case.lane != "office":
        _tell_readers(work, case, loud=loud)
    elif not case_surge.swallows(work, case):
        _post(work, case, _card(work, case, loud=loud))


def take_away(work: Work, case: Case) -> None:
    """A case that left the shared chats: what its card said there is replaced by its number."""
    gone = _("{code} is with whoever may read it.", code=code(case.number))
    _post(work, case, Reply(gone, card=name(case)))


def _post(work: Work, case: Case, card: Reply) -> None:
    """In a group with topics it stands in the one of its field; a closed topic falls back to the group."""
    for to in work.place.office:
        thread = topics.thread_of(work.db, work.commune_id, to.channel, to.account, to.chat, case.field)
        work.send(to, card, with_={"thread": thread} if thread else None)


def _card(work: Work, case: Case, *, loud: bool) -> Reply:
    said = cases.entries(work.db, work.commune_id, case.id, kinds=SAID, limit=SHOWN)
    there = files.shown(work.db, work.commune_id, [each for one in said for each in one.files])
    seen = _Reader(work, case, there)
    clock = (case.received_at, case.due_at) if case.is_open else None
    again, join = _repeats(work, case)
    return Reply(
        *_top(work, case), *again, *seen.lines(said), *_state(work, case),
        buttons=(*join, *buttons(case, call=_to_be_called(said))), pictures=seen.pictures(said), card=name(case),
        clock=clock, loud=loud,
    )  # fmt: skip


def _to_be_called(said: list[Entry]) -> bool:
    """Whether something did not reach her, and nobody has called since."""
    return next((each.kind == "unreached" for each in reversed(said) if _calls(each)), False)


def _calls(said: Entry) -> bool:
    return said.kind == "unreached" or (said.kind == "reply" and bool(said.data.get("called")))


def _repeats(work: Work, case: Case) -> tuple[list[Text], list[Button]]:
    """While nobody has a new case: which open one it may repeat, and the button that joins it."""
    main = same_work.likely(work, case) if case.taken_by is None else None
    if main is None:
        return [], []
    same = _("It may be the same work as {main}.", main=code(main.number))
    token = RouteToken("case-join", (str(case.id), str(main.id)))
    return [same], [Button(_("Join to {main}", main=code(main.number)), str(token))]


def _top(work: Work, case: Case) -> list[Text]:
    title = [case.title] if case.title else []
    flags = _flags(work, case)
    marked: list[Text] = [lines(*flags)] if flags else []
    return [header(case), *title, *marked]


def _flags(work: Work, case: Case) -> list[Text]:
    same = len(cases.joined_to(work.db, work.commune_id, case.id))
    flags = (
        (case.urgent, _("Pressing.")),
        (case.sensitive, _("A sensitive matter.")),
        (case.hides_name, _("Her name is hidden.")),
        (case.reopened, _("Opened again, time {count}.", count=case.reopened)),
        (same, _("{count} more reports about the same.", count=same)),
    )
    return [words for holds, words in flags if holds]


def _state(work: Work, case: Case) -> list[Text]:
    """When it came, when it is due, who has it, how it ended."""
    came = _("Came {when}.", when=case.received_at)
    if case.state == "joined":
        main = cases.get(work.db, work.commune_id, case.main_id) if case.main_id else None
        return [came, _("Follows {code}.", code=code(main.number))] if main else [came]
    if not case.is_open:
        return [came, ENDED[case.state]]
    late = case.due_at <= work.now
    due = _("Late: it was due before {when}.", when=case.due_at) if late else _("Due before {when}.", when=case.due_at)
    asked = [_("Waits for her answer since {when}.", when=case.asked_at)] if case.asked_at else []
    return [lines(came, due, _holder(work, case), *asked, *_unreached(work, case))]


ENDED = {
    "done": _("A result was told; she is asked whether it is so."), "settled": _("Settled."),
    "refused": _("Refused, with a reason."), "withdrawn": _("She has withdrawn it."),
}  # fmt: skip


def _holder(work: Work, case: Case) -> Msg:
    holder = officials.get(work.db, work.commune_id, case.taken_by) if case.taken_by else None
    if holder is None:
        return _("Nobody has it yet.")
    return _("{name}, {post}, has it.", name=holder.name, post=holder.post)


def _unreached(work: Work, case: Case) -> list[Text]:
    at = address_of(case)
    if at is None:
        return [_("She has no chat with us. Please call, then tap “I have called”.")]
    if citizens.has_left(work.db, work.commune_id, at.channel, at.account, at.sender):
        return [_("She has blocked the assistant; please call her.")]
    return []


# --- past the shared chats --------------------------------------------------------------------------------------------


def _tell_readers(work: Work, case: Case, *, loud: bool) -> None:
    """A card without words in each reader's own chat at /office; on messengers, once, that there is something."""
    people = {each.id: each for each in readers(work, case)}
    holder = officials.get(work.db, work.commune_id, case.taken_by) if case.taken_by else None
    if holder is not None and may_read(work, holder, case):
        people[holder.id] = holder
    at_desk = Reply(
        *_top(work, case), *_state(work, case), buttons=(button("case-open", case),), card=name(case), loud=loud
    )
    for each in people.values():
        work.send(office_address(each.id), at_desk)
        for to in duty.chats(work, each)[1:] if loud else ():
            _tell_outside(work, case, to)
    if not people and loud:
        told = _("{code} waits, and nobody has been named to read it.", code=code(case.number))
        duty.tell(work, duty.heads(work), Reply(told, loud=True), otherwise_office=False)


def _tell_outside(work: Work, case: Case, to: Address) -> None:
    told = _("There is a private matter: {code}, {field}.", code=code(case.number), field=FIELDS[case.field])
    key = f"{to.channel}:{to.chat}:{name(case)}"
    work.send(to, Reply(told, _("Please open it at /office."), loud=True), supersedes=key)


# --- all of it --------------------------------------------------------------------------------------------------------


def whole(work: Work, case: Case, official: Official) -> Reply:
    """All of a case, for an official who may read it. Where others read along her name and phone stay out; papers and
    recordings are for /office alone.
    """
    alone = not (isinstance(work, Turn) and work.in_group)
    said = cases.entries(work.db, work.commune_id, case.id, limit=WHOLE)
    there = files.shown(work.db, work.commune_id, [each for one in said for each in one.files])
    at_desk = isinstance(work, Turn) and work.at_desk
    seen = _Reader(work, case, there, official if alone else None, at_desk=at_desk, heard=_heard(said))
    about: list[Text] = [_came(work, case), *(_reporter(work, case, official) if alone else ())]
    offered = (*buttons(case)[:-2], *more_buttons(case)) if case.is_open else (button("case-trail", case),)
    if case.taken_by == official.id:
        offered = tuple(each for each in offered if each.label != LABELS["case-take"])
    if case.state == "joined":
        offered = (*offered, Button(_("Part them again"), str(RouteToken("case-part", (str(case.id),)))),)
    return Reply(
        *_top(work, case), lines(*about), *seen.lines(said), *_state(work, case), buttons=offered,
        pictures=seen.pictures(said), documents=(*seen.papers(said), *seen.sounds(said)) if at_desk else (),
    )  # fmt: skip


def _came(work: Work, case: Case) -> Msg:
    days = (work.now - case.received_at).days
    if days:
        return _("Came {source}, {count} days ago.", source=SOURCES[case.source], count=days)
    return _("Came {source}, today.", source=SOURCES[case.source])


def _reporter(work: Work, case: Case, official: Official) -> list[Text]:
    given = cases.reporter(work.db, work.commune_id, case.id)
    if not given:
        return []
    if not shows_name(official, case):
        return [_("Who reported it is shown to whoever has the case.")]
    told: list[Text] = []
    if given.get("name"):
        told.append(_("Name: {name}", name=Personal(given["name"], "name")))
    if given.get("phone"):
        told.append(_("Phone: {phone}", phone=Personal(given["phone"], "phone")))
    return told


def _heard(said: list[Entry]) -> int:
    """Up to which entry her recordings have been heard: a receiver has, when he sorts the case for the office."""
    return max((each.id for each in said if each.kind == "sorted" and each.data.get("heard")), default=0)


class _Reader:
    """What of a case's entries somebody may see. official: None for everybody who reads the shared chats."""

    def __init__(
        self, work: Work, case: Case, there: dict[str, str], official: Official | None = None, *, at_desk: bool = False,
        heard: int = 0,
    ) -> None:  # fmt: skip
        self._case, self._there, self._heard = case, there, heard
        self._receives = at_desk and official is not None and RECEIVE in official.rights
        self._sealed = case.lane != "office"  # then whoever is here may read all of it
        self._names = {each.id: each.name for each in officials.active(work.db, work.commune_id)}
        hides = case.hides_name and not shows_name(official, case)
        self._hidden = cases.reporter(work.db, work.commune_id, case.id) if hides else {}

    def lines(self, said: list[Entry]) -> list[Text]:
        """Each entry as a line."""
        return [words for each in said if (words := self._line(each)) is not None]

    def pictures(self, said: list[Entry]) -> tuple[str, ...]:
        """The pictures beside those words."""
        return self._of(said, "photo")

    def papers(self, said: list[Entry]) -> tuple[str, ...]:
        """Files that are neither pictures nor recordings."""
        return self._of(said, "file")

    def sounds(self, said: list[Entry]) -> tuple[str, ...]:
        """Recordings that somebody who may has heard, or that are his to hear."""
        all_of = self._sealed or self._receives
        return self._of([each for each in said if all_of or each.id < self._heard], "voice")

    def _of(self, said: list[Entry], kind: str) -> tuple[str, ...]:
        shown = [file for each in said if self._may_see(each) for file in each.files]
        return tuple(dict.fromkeys(file for file in shown if self._there.get(file) == kind))

    def _may_see(self, said: Entry) -> bool:
        if self._sealed or self._receives or not said.from_citizen:
            return True
        # What she told first has been asked about where it was not sure; what came later may have passed no gate.
        verdict = gates.accuses(said.text)
        return verdict == "no" or (verdict == "maybe" and said.kind == "told")

    def _line(self, said: Entry) -> Text | None:
        who = self._names.get(said.official_id or 0) or _("a former official")
        if not said.from_citizen:
            return self._office(said, who)
        if not self._may_see(said):
            return _("(A private message that only the receiver may see.)")
        marks = {
            "agreed": _("Citizen: it is done."), "withdrawn": _("Citizen: no longer needed."),
            "reopened": _("Citizen: not done yet."),
        }  # fmt: skip
        if said.kind == "agreed" and said.data.get("how") == "partly":
            marks["agreed"] = _("Citizen: partly done.")
        words = self._words(said)
        told = None if words is None else _("Citizen: {words}", words=words)
        mark = marks.get(said.kind)
        return lines(mark, told) if mark and told else mark or told

    def _words(self, said: Entry) -> Text | None:
        if _names(said.text, self._hidden):
            return _("(words with her name; whoever has the case sees them)")
        parts: list[Text] = [Personal(said.text, "words")] if said.text else []
        parts += _sent(said, self._there)
        if place := said.data.get("place"):
            at = ",".join(str(each) for each in place)
            parts.append(_("(a place on the map: {place})", place=Personal(f"{at}, geo:{at}", "place")))
        return lines(parts[0], *parts[1:]) if parts else None

    def _office(self, said: Entry, who: Text) -> Text | None:
        words: Text = Personal(said.text, "words")
        if said.kind == "reply" and said.data.get("called"):
            return _("{name} has called, {when}.", name=who, when=said.at)
        if said.kind == "handed":
            return self._handed(said, who)
        if said.kind == "refused" and (owner := said.data.get("owner")):
            return _("{name} refused it: {words} Responsible: {owner}.", name=who, words=words, owner=owner)
        known = {
            "asked": _("{name} asked her: {words}", name=who, words=words),
            "reply": _("{name} answered: {words}", name=who, words=words),
            "note": _("Note by {name}: {words}", name=who, words=words),
            "done": _("{name} told the result: {words}", name=who, words=words),
            "refused": _("{name} refused it: {words}", name=who, words=words),
            "seen": _("{name} has looked at the place: {words}", name=who, words=words),
            "taken": _("{name} took it, {when}.", name=who, when=said.at),
            "released": _("It was given back, {when}.", when=said.at),
            "urgent": _("{name} marked it as pressing.", name=who),
            "titled": _("{name} gave it a title.", name=who),
            "sorted": _("{name} sorted it anew.", name=who),
            "joined": _("{name} joined another report to it.", name=who),
            "opened": _("{name} wrote it down for her.", name=who),
            "unreached": _("What she was told did not arrive; please call her, {when}.", when=said.at),
        }  # fmt: skip
        return known.get(said.kind)

    def _handed(self, said: Entry, who: Text) -> Text:
        to = self._names.get(int(said.data.get("to") or 0)) or _("a former official")
        task, result = str(said.data.get("task") or ""), str(said.data.get("result") or "")
        return _(
            "{name} handed it to {other}: {task}. Result: {result}.", name=who, other=to,
            task=Personal(task, "words"), result=Personal(result, "words"),
        )  # fmt: skip


def _names(text: str, hidden: Mapping[str, str]) -> bool:
    """Whether her own words hold her name, or the last nine digits of her phone however they are spaced."""
    digits = "".join(sign for sign in text if sign.isdecimal())
    phone = "".join(sign for sign in hidden.get("phone", "") if sign.isdecimal())[-9:]
    called = fold(hidden.get("name", ""))
    return bool((called and called in fold(text)) or (phone and phone in digits))


def _sent(said: Entry, there: dict[str, str]) -> list[Text]:
    """What was sent with the words, each kind once."""
    kinds = {"photo": _("(a picture)"), "voice": UNHEARD, files.MISSING: MISSED}
    sent = dict.fromkeys(there[each] for each in said.files if each in there)
    return [kinds.get(each, _("(a file)")) for each in sent]


MISSED = _("(a file that did not reach us)")
UNHEARD = _("(a voice message; the receiver of citizens hears it first)")
