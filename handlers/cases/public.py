"""What the commune has settled and everybody may read (B05, B06): the official's title, the result, his pictures.

Nothing a citizen wrote or sent is in it, and no number of a case.
"""

from bot.routes import Routes
from bot.tokens import RouteToken
from bot.turn import Turn, Work
from handlers.cases.follow import REPORT, day
from messages.cases import FIELDS
from messages.reply import Button, Msg, Reply, Text, _, lines
from storage import case_follow, cases, files
from storage.cases import Case

routes = Routes()
SHOWN = 5
NOTHING = _("Nothing has been published here yet.")


@routes.tap("solved", words=("việc xã đã giải quyết", "xã đã giải quyết việc gì", "kết quả phản ánh", "/daxong"))
def solved(turn: Turn, offset: str = "0") -> Reply:
    """The latest of them."""
    start = int(offset) if offset.isascii() and offset.isdecimal() and len(offset) < 6 else 0
    found = case_follow.published(turn.db, turn.commune_id, SHOWN + 1, start)
    if not found:
        return Reply(NOTHING, buttons=(REPORT,))
    told: list[Text] = [_("What the commune has settled:")]
    told += [lines(_head(each), *_result(turn, each)) for each in found[:SHOWN]]
    buttons = [
        Button(_("Pictures: {title}", title=_title(each)), str(RouteToken("solved-one", (str(each.id),))))
        for each in found[:SHOWN] if _pictures(turn, each)
    ]  # fmt: skip
    if len(found) > SHOWN:
        buttons.append(Button(_("The next ones"), str(RouteToken("solved", (str(start + SHOWN),)))))
    return Reply(*told, buttons=tuple(buttons))


@routes.tap("solved-one")
def one(turn: Turn, number: str = "") -> Reply:
    """One of them with its pictures."""
    known = number.isascii() and number.isdecimal() and len(number) < 19
    found = cases.get(turn.db, turn.commune_id, int(number)) if known else None
    if found is None or not found.published or found.state not in ("done", "settled"):
        return Reply(NOTHING)
    pictures, at = _pictures(turn, found), turn.address
    files.share_with(turn.db, turn.commune_id, pictures, at.channel, at.account, at.chat)
    return Reply(_head(found), *_result(turn, found), pictures=pictures)


def _title(case: Case) -> Text:
    return case.title or FIELDS[case.field]


def _head(case: Case) -> Msg:
    village: Text = case.village or _("thôn not named")
    assert case.done_at is not None, "published cases have a result"
    return _("{title} ({village}, {day})", title=_title(case), village=village, day=day(case.done_at))


def _result(work: Work, case: Case) -> list[str]:
    done = cases.entries(work.db, work.commune_id, case.id, kinds=("done",))
    return [done[-1].text] if done and done[-1].text else []


def _pictures(work: Work, case: Case) -> tuple[str, ...]:
    """Only those an official attached to the result."""
    done = cases.entries(work.db, work.commune_id, case.id, kinds=("done",))
    names = done[-1].files if done else ()
    kinds = files.shown(work.db, work.commune_id, names)
    return tuple(name for name in names if kinds.get(name) == "photo")
