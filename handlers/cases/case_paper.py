"""The whole file of a case, "hồ sơ vụ việc" (L34): in words in the chat, and on paper with a cover.

Every entry with its time and author, notes among officials marked as such, the task in five points (G07), result or
refusal with ground and who is responsible, what she said of it. A hidden name stands there only when whoever has the
case looks or prints. Paper is drawn at /office alone: it holds names and words, and messengers' servers are abroad.
"""

from collections.abc import Mapping
from datetime import date
from functools import partial

from bot import letters
from bot.case_access import RECEIVE, may_read, shows_name
from bot.routes import Routes
from bot.settings import ZONE
from bot.tokens import RouteToken
from bot.turn import Turn, Work
from handlers.cases.doors import case_of, moment, of_this_chat, spoken
from messages import gates
from messages.cases import FIELDS, KINDS, SOURCES, code
from messages.fold import fold
from messages.letters import Letter, Refused
from messages.letters.case_papers import CaseFile
from messages.letters.letter import drawable
from messages.render import day
from messages.reply import Button, Msg, Personal, Reply, Text, _, lines
from storage import case_media, cases, files, officials
from storage.cases import Case, Entry
from storage.officials import Official

routes = Routes()

SHOWN = 15
"""Entries at a time in the chat."""
MOST = 400
"""Entries on paper; nobody has filled as many."""
LONGEST = 8500
GONE = _("There is no such case.")
NOT_YOURS = _("This case is not yours to read.")
AT_DESK = _("This stays on the commune's own machine. Please open it at /office.")
WHATS: Mapping[str, Msg] = {
    "told": _("Reports it"), "added": _("Adds to it"), "answered": _("Answers the question"),
    "agreed": _("Says that it is done"), "reopened": _("Says that it is not done"), "withdrawn": _("Takes it back"),
    "taken": _("Takes the case"), "released": _("Gives the case back"), "handed": _("Hands the case on"),
    "asked": _("Asks for more"), "reply": _("Writes an answer"), "note": _("A note inside the office"),
    "titled": _("Gives it a title"), "sorted": _("Sorts it anew"), "urgent": _("Marks it as pressing"),
    "done": _("Tells the result"), "refused": _("Refuses it"), "joined": _("Joins it with another case"),
    "parted": _("Parts it from another case"), "seen": _("Looked at on the spot"), "published": _("Publishes it"),
    "reminded": _("Reminds whoever has it"), "late": _("Notes that the date has passed"),
    "opened": _("Writes it down for somebody"),
}  # fmt: skip
STATES: Mapping[str, str] = {
    "open": "Đang giải quyết", "done": "Đã trả lời, chờ người báo xác nhận", "settled": "Đã xong",
    "refused": "Đã từ chối, có nêu lý do", "withdrawn": "Người báo đã rút", "joined": "Giải quyết chung với việc khác",
}  # fmt: skip
SATISFIED: Mapping[str, str] = {
    "yes": "Đã xong", "partly": "Xong một phần", "no": "Chưa xong", "silent": "Không trả lời",
}  # fmt: skip
"""Papers are Vietnamese, as all letters of an office."""
HIDDEN = _("(words with her name; whoever has the case sees them)")
PRIVATE = _("(A private message that only the receiver may see.)")


# --- who may see what -------------------------------------------------------------------------------------------------


class _Eyes:
    """What of a case this official may see now."""

    def __init__(self, turn: Turn, case: Case) -> None:
        self.official = turn.official
        self.named = shows_name(turn.official, case) and not turn.in_group
        given = cases.reporter(turn.db, turn.commune_id, case.id)
        self.given = given if self.named else {}
        hides = case.hides_name and not self.named
        self._secret = [fold(each) for each in given.values() if fold(each)] if hides else []
        receives = turn.at_desk and turn.official is not None and RECEIVE in turn.official.rights
        self._all = receives or case.lane != "office"

    def hidden(self, said: Entry) -> Msg | None:
        """Why the words of an entry are left out."""
        if any(each in fold(said.text) for each in self._secret):
            return HIDDEN
        if self._all or not said.from_citizen:
            return None
        verdict = gates.accuses(said.text)
        return PRIVATE if verdict == "yes" or (verdict == "maybe" and said.kind != "told") else None


def refused(turn: Turn, case: Case | None) -> Reply | None:
    """Why the file of a case is not shown here."""
    if case is None:
        return Reply(GONE)
    if not may_read(turn, turn.official, case):
        return Reply(NOT_YOURS)
    return Reply(AT_DESK) if case.lane != "office" and not turn.at_desk else None


# --- in words ---------------------------------------------------------------------------------------------------------


def by_number(turn: Turn, number: int) -> Reply:
    """What "/hoso PA-0042" shows."""
    found = cases.by_number(turn.db, turn.commune_id, number)
    return refused(turn, found) or (Reply(GONE) if found is None else _trail(turn, found, 0))


@routes.tap("case-trail", role="official")
def trail(turn: Turn, number: str = "", offset: str = "0") -> Reply:
    """Everything that was said and done, some at a time, the newest first."""
    found = case_of(turn, number)
    if found is None or (why := refused(turn, found)) is not None:
        return Reply(GONE) if found is None else why or Reply(GONE)
    return _trail(turn, found, int(offset) if offset.isdecimal() and len(offset) < 6 else 0)


def _trail(turn: Turn, case: Case, start: int) -> Reply:
    eyes, said = _Eyes(turn, case), cases.entries(turn.db, turn.commune_id, case.id, limit=MOST)
    shown = said[max(len(said) - start - SHOWN, 0) : len(said) - start]
    names, ids = _names(turn, said), (str(case.id),)
    head = _("{code}, {kind}, {field}, {village}", code=code(case.number), kind=KINDS[case.kind],
             field=FIELDS[case.field], village=case.village or "–")  # fmt: skip
    told: list[Text] = [head, *([case.title] if case.title else [])]
    if eyes.given:
        told.append(_reporter(eyes))
    told += [_line(each, names, eyes) for each in shown]
    earlier = Button(_("Earlier entries"), str(RouteToken("case-trail", (*ids, str(start + SHOWN)))))
    buttons = [earlier] if start + SHOWN < len(said) else []
    if turn.at_desk:
        buttons.append(Button(_("Print the whole file"), str(RouteToken("case-print", ids))))
    else:
        told.append(_("It can be printed at /office."))
    return Reply(*told, buttons=(*buttons, Button(_("Open the case"), str(RouteToken("case-open", ids)))))


def _reporter(eyes: _Eyes) -> Text:
    name, phone = eyes.given.get("name") or "–", eyes.given.get("phone") or "–"
    return _("Reported by: {name}, {phone}", name=Personal(name, "name"), phone=Personal(phone, "phone"))


def _line(said: Entry, names: Mapping[int, tuple[str, str]], eyes: _Eyes) -> Text:
    who: Text = _("whoever reported it") if said.from_citizen else _("the assistant")
    if said.official_id is not None:
        who = names.get(said.official_id, ("–", ""))[0]
    first: Text = _("– {when}, {who}: {what}", when=said.at, who=who, what=WHATS[said.kind])
    return lines(first, *_said(said, names, eyes))


def _said(said: Entry, names: Mapping[int, tuple[str, str]], eyes: _Eyes) -> list[Text]:
    """The words of an entry and what its kind carries besides."""
    if (why := eyes.hidden(said)) is not None:
        return [why]
    told: list[Text] = [Personal(said.text, "words")] if said.text else []
    if said.kind == "handed":
        told += [Personal(each, "words") for each in _points(said, names)]
    if said.kind == "refused" and said.data.get("owner"):
        told.append(_("Responsible: {owner}", owner=str(said.data["owner"])))
    if place := said.data.get("place"):
        told.append(Personal(f"geo:{','.join(str(each) for each in place)}", "place"))
    if said.files:
        told.append(_("Files: {count}", count=len(said.files)))
    return told


def _names(work: Work, said: list[Entry]) -> dict[int, tuple[str, str]]:
    """Name and post of everybody who stands in these entries, also of those who have left."""
    ids = {each.official_id for each in said if each.official_id is not None}
    ids |= {int(each.data["to"]) for each in said if str(each.data.get("to") or "").isdecimal()}
    return officials.names(work.db, work.commune_id, ids)


def _points(said: Entry, names: Mapping[int, tuple[str, str]]) -> list[str]:
    """A task handed on, "5 rõ": who, what, answerable for what, by when, with what result (G07)."""
    to = names.get(int(said.data.get("to") or 0), ("", ""))
    by = str(said.data.get("by") or "")
    told = (
        ("Rõ người", ", ".join(filter(None, to))), ("Rõ việc", said.data.get("task")),
        ("Rõ trách nhiệm", said.data.get("responsible")), ("Rõ tiến độ", f"trước {_day(by)}" if by else ""),
        ("Rõ kết quả", said.data.get("result")),
    )  # fmt: skip
    return [f"{label}: {value}" for label, value in told if value]


def _day(iso: str) -> str:
    try:
        return day(date.fromisoformat(iso[:10]), "vi")
    except ValueError:
        return iso


# --- on paper ---------------------------------------------------------------------------------------------------------


@routes.tap("case-print", role="official")
def print_it(turn: Turn, number: str = "") -> Reply:
    """Have the whole file drawn; it comes by itself, as the event `case-paper`."""
    found = case_of(turn, number)
    if found is None or (why := refused(turn, found)) is not None:
        return Reply(GONE) if found is None else why or Reply(GONE)
    if not turn.at_desk or turn.official is None:
        return Reply(AT_DESK)
    try:
        ordered = letters.order_for(turn, turn.address, paper(turn, found, turn.official), "case-paper")
    except Refused as wrong:
        turn.after.append(partial(letters.note_refusal, wrong))
        return Reply(_("The file of {code} could not be drawn. Please tell the technician.", code=code(found.number)))
    case_media.ordered(turn.db, turn.commune_id, found.id, ordered.id)
    if ordered.state == "drawn":
        turn.wake(turn.address, "case-paper", f"{ordered.id}:{turn.event_id}", letter=ordered.id)
    return Reply(_("The file of {code} is being drawn and comes here.", code=code(found.number)))


@routes.event("case-paper")
def hand_over(turn: Turn, letter: int, reference: str = "") -> Reply | None:
    """It has been drawn: the paper, and the pictures it lists, to be printed beside it; rights are looked at again."""
    drawn, case_id = of_this_chat(turn, letter), case_media.of_letter(turn.db, turn.commune_id, letter)
    found = cases.get(turn.db, turn.commune_id, case_id) if case_id is not None else None
    if drawn is None or found is None or not turn.at_desk or not may_read(turn, turn.official, found):
        return None
    if drawn.state != "drawn":
        return Reply(_("The file of {code} could not be drawn. Please tell the technician.", code=code(found.number)))
    case_media.add(turn.db, turn.commune_id, found.id, (drawn.png, drawn.pdf), kept=False)
    eyes = _Eyes(turn, found)
    said = cases.entries(turn.db, turn.commune_id, found.id, limit=MOST)
    names = [name for each in said if eyes.hidden(each) is None for name in each.files]
    there = files.shown(turn.db, turn.commune_id, names)
    pictures = tuple(dict.fromkeys(name for name in names if there.get(name) == "photo"))
    told = _("Here is the file of {code}, to print on A4. It lists {count} pictures.", code=code(found.number),
             count=len(pictures))  # fmt: skip
    return Reply(told, documents=(drawn.pdf,), pictures=pictures)


def paper(turn: Turn, case: Case, by: Official) -> Letter:
    """All of a case as this official may see it. Raises Refused."""
    eyes, said = _Eyes(turn, case), cases.entries(turn.db, turn.commune_id, case.id, limit=MOST)
    names, labels = _names(turn, said), _labels(turn, said)
    handed = [each for each in said if each.kind == "handed"]
    agreed = next((each for each in reversed(said) if each.kind in ("agreed", "reopened")), None)
    answer = SATISFIED.get(case.satisfied or "", "")
    if answer and agreed is not None:
        answer = f"{answer}, {moment(agreed.at)}"
    return CaseFile(
        office=turn.commune.name.replace("UBND ", "Ủy ban nhân dân ", 1), code=code(case.number),
        state=STATES[case.state], subject=_fit(case.title or "", 240), facts=tuple(_facts(turn, case, eyes, names)),
        points=tuple(_fit(each, 500) for each in _points(handed[-1], names)) if handed else (),
        entries=tuple(_entry(turn, each, names, labels, eyes) for each in said),
        files=tuple(_fit(f"{label}: {when}", 200) for label, when in labels.values())[:200],
        answer=answer, printed=f"In lúc {moment(turn.now)}: {by.name}, {by.post}"[:240],
    )  # fmt: skip


def _facts(turn: Turn, case: Case, eyes: _Eyes, names: Mapping[int, tuple[str, str]]) -> list[str]:
    """The cover, line by line."""
    holders = {each for each in (case.taken_by, case.filed_by) if each is not None}
    people = {**names, **officials.names(turn.db, turn.commune_id, holders)}
    same = [code(each.number) for each in cases.joined_to(turn.db, turn.commune_id, case.id)]
    main = cases.get(turn.db, turn.commune_id, case.main_id) if case.main_id else None
    marks = [words for holds, words in (
        (case.urgent, "việc gấp"), (case.sensitive, "lĩnh vực nhạy cảm"),
        (case.reopened, f"mở lại {case.reopened} lần"), (case.hides_name, "người báo xin giấu tên"),
    ) if holds]  # fmt: skip
    told = (
        ("Loại", spoken(turn, KINDS[case.kind])), ("Lĩnh vực", spoken(turn, FIELDS[case.field])),
        ("Nguồn", spoken(turn, SOURCES[case.source])), ("Thôn", case.village), ("Nhận lúc", moment(case.received_at)),
        ("Trả lời trước", moment(case.due_at)), ("Trả lời lúc", moment(case.done_at) if case.done_at else ""),
        ("Khép lại lúc", moment(case.closed_at) if case.closed_at else ""),
        ("Người giữ việc", _person(people, case.taken_by) or "chưa có"), ("Người ghi", _person(people, case.filed_by)),
        ("Người báo", ", ".join(eyes.given.values()) if eyes.given else "không nêu ở đây"),
        ("Lưu ý", ", ".join(marks)), ("Việc đi cùng", ", ".join(same)[:300]),
        ("Giải quyết chung với", code(main.number) if main else ""),
    )  # fmt: skip
    return [_fit(f"{label}: {value}", 400) for label, value in told if value]


def _person(names: Mapping[int, tuple[str, str]], official_id: int | None) -> str:
    return ", ".join(filter(None, names.get(official_id or 0, ("", ""))))


def _entry(
    turn: Turn, said: Entry, names: Mapping[int, tuple[str, str]], labels: Mapping[str, tuple[str, str]], eyes: _Eyes
) -> str:
    """One entry as lines: when and who; what; the words; its files."""
    who = "Người báo" if said.from_citizen else _person(names, said.official_id) or "Trợ lý"
    what = spoken(turn, WHATS[said.kind])
    what += " (chưa gửi đi)" if said.state == "held" else ""
    why = eyes.hidden(said)
    told = [turn.place.catalogs.text(why, "vi")] if why is not None else [said.text]
    if why is None and said.kind == "handed":
        told += _points(said, names)
    if said.kind == "refused" and said.data.get("owner"):
        told.append(f"Nơi có trách nhiệm: {said.data['owner']}")
    shown = [labels[name][0] for name in said.files if name in labels] if why is None else []
    told += [f"Tệp: {', '.join(shown)}"] if shown else []
    return _fit("\n".join((f"{moment(said.at)} · {who}", what, *filter(None, told))), LONGEST)


def _labels(work: Work, said: list[Entry]) -> dict[str, tuple[str, str]]:
    """What each file is called on paper, and when it came: "Ảnh 1"."""
    kinds = {"photo": "Ảnh", "voice": "Ghi âm"}
    there = files.shown(work.db, work.commune_id, [name for each in said for name in each.files])
    labels = dict[str, tuple[str, str]]()
    for each in said:
        for name in each.files:
            if name in there and name not in labels:
                kind = "Tệp không nhận được" if there[name] == files.MISSING else kinds.get(there[name], "Tệp")
                labels[name] = (f"{kind} {len(labels) + 1}", f"nhận {day(each.at.astimezone(ZONE).date(), 'vi')}")
    return labels


def _fit(words: str, most: int) -> str:
    """As it can be printed, cut where a page would not end."""
    fit = drawable(words)
    return fit if len(fit) <= most else f"{fit[: most - 2].rstrip()} …"
