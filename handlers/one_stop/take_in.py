"""The desk's list dropped into a chat of the office: what it would change is shown, then one tap applies it.

Reading takes seconds, so it is done outside the turn (`bot.previews`) and comes back as the event `list`. Nothing
changes before the tap; the second tap is told who was first. A list that was compared with data which have changed
since is drawn up anew, and at the end of its day it holds no more.
"""

import re
from datetime import datetime, time, timedelta

from bot.files import LARGE, MOST_BYTES
from bot.previews import MOST_ROWS
from bot.routes import Routes
from bot.tokens import RouteToken
from bot.turn import Turn, Work
from handlers.one_stop import list_words as say
from messages.render import ZONE
from messages.reply import Button, Reply, Text, _
from storage import files, officials, previews
from storage.previews import Preview

routes = Routes()

LISTS = re.compile(r"\.(xlsx|xlsm|xls|ods|csv|tsv|txt|zip)$", re.IGNORECASE)
TABLES = re.compile(r"csv|excel|spreadsheet|tab-separated")
PAPERS = re.compile(r"\.(pdf|docx?|rtf|pptx?)$", re.IGNORECASE)


# --- a list is dropped ------------------------------------------------------------------------------------------------


@routes.gate("list")
def dropped(turn: Turn) -> Reply | None:
    """A spreadsheet from an official, wherever he writes; anything else goes its usual way."""
    if turn.event.kind != "file" or not turn.event.files or turn.official is None:
        return None
    names = [name for name, title, kind in _sent(turn) if _is_list(turn, title, kind)]
    if not names:
        return None
    if not turn.allows("official"):
        return Reply(_("Lists of dossiers are taken in by the commune's clerk. Please send it to the office."))
    noted = [name for name in names if _note(turn, name)]
    if not noted:
        return Reply()
    return Reply(_("I am reading the list. Nothing is changed before you agree."))


def _sent(turn: Turn) -> list[tuple[str, str, str]]:
    """(name, what he calls it, kind of media) of the files of this event."""
    if turn.event.media:
        pairs = zip(turn.event.files, turn.event.media, strict=False)
        return [(name, media.title, media.media_type) for name, media in pairs]
    found = (files.get(turn.db, turn.commune_id, name) for name in turn.event.files)
    return [(each.name, each.title, each.media_type) for each in found if each is not None and each.kind == "file"]


def _is_list(turn: Turn, title: str, kind: str) -> bool:
    """At the office whatever is no paper may be a list, whatever it is called; in his own chat what says it is one."""
    if LISTS.search(title) or TABLES.search(kind):
        return True
    paper = PAPERS.search(title) or kind == "application/pdf" or kind.startswith(("image/", "audio/", "video/"))
    return turn.in_office and not paper


def _note(turn: Turn, name: str) -> bool:
    at, title = turn.address, next(title for known, title, _kind in _sent(turn) if known == name)
    assert turn.official is not None, "looked at by whoever calls"
    who = (at.channel, at.account, at.chat, at.sender)
    title, day = title or "danh-sach", _midnight(turn.now)
    return previews.put(turn.db, turn.commune_id, name, title, turn.official.id, who, turn.now, day) is not None


def _midnight(now: datetime) -> datetime:
    tomorrow = now.astimezone(ZONE).date() + timedelta(days=1)
    return datetime.combine(tomorrow, time(), ZONE)


@routes.gate("no-list")
def something_else(turn: Turn) -> Reply | None:
    """A picture, a recording or a paper at the office that nobody has asked for."""
    if not turn.event.files and turn.event.kind not in ("photo", "voice", "file"):
        return None
    what = _("This is no list of dossiers.")
    if turn.event.kind == "photo":
        what = _("This is a picture, not a list of dossiers.")
    return Reply(what, _("To take dossiers in, please send the Excel or CSV file of the one-stop system."))


def came(turn: Turn, file: str, state: str, why: str) -> Reply | None:
    """What became of a file a messenger had; None when it is no list."""
    found = previews.of_file(turn.db, turn.commune_id, file)
    if found is None:
        return None
    if state == "fetched":
        return Reply()
    previews.lose(turn.db, turn.commune_id, file)
    if why == LARGE:
        most = MOST_BYTES // 1_000_000
        return Reply(_("That list is larger than {most} MB.", most=most), say.COMMAND)
    return Reply(_("That list did not reach us, so nothing is changed. Please send it once more."))


# --- what it would change ---------------------------------------------------------------------------------------------


@routes.event("list")
def shown(turn: Turn, preview: int) -> Reply | None:
    """A list has been read, or applied."""
    found = previews.get(turn.db, turn.commune_id, preview)
    if found is None:
        return None
    papers = tuple(filter(None, [found.shown.get("paper")]))
    if found.state == "ready":
        return Reply(*say.changes(found), buttons=_buttons(found), documents=papers)
    if found.state == "refused":
        return Reply(*say.refused(found, MOST_ROWS), documents=papers)
    if found.state in ("done", "failed"):
        return Reply(*say.ended(found))
    return None


def _buttons(found: Preview) -> tuple[Button, ...]:
    args = (str(found.id), str(found.rounds))
    return (
        Button(_("Apply this list"), str(RouteToken("list-apply", args))),
        Button(_("Leave it"), str(RouteToken("list-drop", args))),
    )


# --- one tap ----------------------------------------------------------------------------------------------------------


@routes.tap("list-apply", role="official")
def apply(turn: Turn, preview: str = "", rounds: str = "") -> Reply:
    """Have it applied; the second who taps is told who was first, and a list that is out of date is read anew."""
    found = _wanted(turn, preview)
    if found is None:
        return Reply(say.GONE)
    if found.state != "ready" or turn.official is None:
        return Reply(*_decided(turn, found))
    if str(found.rounds) != rounds:
        return Reply(_("There is a newer look at this list below. Please decide there."))
    if found.expires_at <= turn.now:
        _end(turn, found)
        return Reply(say.EXPIRED)
    if previews.newest_change(turn.db, turn.commune_id) != found.base:
        previews.again(turn.db, found.id, "ready")  # once, however many tap
        return Reply(_("Other data have come in since then, so nothing is changed. I am reading your list anew."))
    if not previews.decide(turn.db, found.id, "applying", turn.official.id, turn.now):
        return Reply(*_decided(turn, _wanted(turn, preview) or found))
    return Reply(_("The list is being taken in. I shall tell you when it is done."))


@routes.tap("list-drop", role="official")
def drop(turn: Turn, preview: str = "", rounds: str = "") -> Reply:
    """Nobody wants it: it is not kept."""
    found = _wanted(turn, preview)
    if found is None:
        return Reply(say.GONE)
    if found.state != "ready" or turn.official is None:
        return Reply(*_decided(turn, found))
    if not previews.decide(turn.db, found.id, "dropped", turn.official.id, turn.now):
        return Reply(*_decided(turn, _wanted(turn, preview) or found))
    previews.forget_file(turn.db, turn.commune_id, found.file)
    return Reply(_("The list is left; nothing was changed."))


def _wanted(turn: Turn, preview: str) -> Preview | None:
    known = preview.isascii() and preview.isdecimal() and len(preview) < 19
    return previews.get(turn.db, turn.commune_id, int(preview)) if known else None


def _decided(turn: Turn, found: Preview) -> tuple[Text, ...]:
    """Who has decided on it, and when."""
    by = found.decided_by and officials.get(turn.db, turn.commune_id, found.decided_by)
    if not by or found.decided_at is None:
        return (say.EXPIRED if found.state == "expired" else say.GONE,)
    if found.state == "dropped":
        return (_("{name} has left this list already: {when}.", name=by.name, when=found.decided_at),)
    return (_("{name} has had this list taken in already: {when}.", name=by.name, when=found.decided_at),)


@routes.tick("lists", every=timedelta(hours=1))
def close_the_day(work: Work) -> None:
    """What nobody has decided on by the end of its day is not kept."""
    for found in previews.overdue(work.db, work.commune_id, work.now):
        _end(work, found)


def _end(work: Work, found: Preview) -> None:
    if previews.expire(work.db, found.id):
        previews.forget_file(work.db, work.commune_id, found.file)
