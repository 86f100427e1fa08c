"""How a case looks to officials: one card in the office's shared chats, edited in place.

    show(work, case, loud=…)      after every change
    whole(work, case, official)   all of it, for one official in his own chat
"""

from bot import case_surge
from bot.turn import Work
from messages.cases import FIELDS, KINDS, code
from messages.reply import Msg, Reply, Text, _
from storage.cases import Case
from storage.officials import Official


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


def show(work: Work, case: Case, *, loud: bool = False) -> None:
    """Post the newest state of a case's card to those who may see it."""
    if case.lane == "office" and not case_surge.swallows(work, case):
        work.send_office(Reply(header(case), card=name(case), loud=loud))


def whole(work: Work, case: Case, official: Official) -> Reply:
    """All of a case, for an official who may read it."""
    return Reply(header(case))
