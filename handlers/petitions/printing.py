"""Forms on paper (L33): drawn for her chat, and printed at the counter from a code.

Whoever holds the code may print the form and nothing more; it is stored under a digest of the code, ends after some
weeks, and five wrong codes stop an official for an hour. Empty forms are printed by their names.
"""

import secrets
from collections.abc import Mapping

from bot import letters
from bot.routes import Routes
from bot.tokens import RouteToken
from bot.turn import Turn
from messages.fold import fold
from messages.letters import LETTERS, Letter
from messages.reply import Button, Msg, Reply, _
from storage import files, print_codes
from storage import letters as drawn

routes = Routes()

SIGNS = "ACDEFGHJKMNPQRTUVWXY34679"
"""Nothing that is misread on paper: no 0 or O, 1, I or L, 5 or S, 8 or B, 2 or Z."""
LENGTH = 8
EVENT = "petition-drawn"
BLANKS: Mapping[str, Msg] = {
    "complaint": _("An empty complaint form"),
    "denunciation": _("An empty denunciation form"),
    "mediation": _("An empty request for mediation"),
}
NAMES: Mapping[str, tuple[str, ...]] = {
    "complaint": ("khieu nai", "don khieu nai"),
    "denunciation": ("to cao", "don to cao"),
    "mediation": ("hoa giai", "don hoa giai", "de nghi hoa giai", "tranh chap dat dai"),
}
IN_PRIVATE = _("Others read along here. Please open it in your own chat.")
COMING = _("The form is on its way; one moment please.")


# --- drawn ------------------------------------------------------------------------------------------------------------


def order(turn: Turn, letter: Letter) -> None:
    """Have a form drawn for this chat; it arrives by itself, as a picture and as a PDF."""
    found = letters.order_for(turn, turn.address, letter, EVENT)
    if found.state == "drawn":
        turn.wake(turn.address, EVENT, f"{found.id}:{turn.event_id}", letter=found.id)


def blank(turn: Turn, name: str) -> Letter:
    """An empty form of that name, with the name of the office."""
    commune = turn.commune
    office = office_of(turn)
    place = commune.short_name.removeprefix("xã ").removeprefix("phường ")
    more = {"recipient": f"Chủ tịch {office}"} if name == "complaint" else {}
    return LETTERS[name](**{"office": office, "place": place, **more})


def office_of(turn: Turn) -> str:
    """The office as letters name it."""
    return turn.commune.name.replace("UBND ", "Ủy ban nhân dân ", 1)


@routes.event(EVENT)
def arrived(turn: Turn, letter: int, reference: str = "") -> Reply | None:
    """The form is drawn: here it is; or it could not be."""
    found, at = drawn.get(turn.db, turn.commune_id, letter), turn.address
    if found is None or (found.channel, found.account, found.chat, found.sender) != (
        at.channel, at.account, at.chat, at.sender,
    ):  # fmt: skip
        return None
    if found.state == "failed":
        sorry = _("I am sorry, the form could not be made. (Reference: {reference})", reference=reference)
        return Reply(sorry, _("At the office you get the same form on paper."))
    if found.state != "drawn" or files.get(turn.db, turn.commune_id, found.pdf) is None:
        return None
    told = _("Here is the form. Please print it, read it, and sign it or give your fingerprint.")
    return Reply(told, pictures=(found.png,), documents=(found.pdf,))


# --- the code ---------------------------------------------------------------------------------------------------------


def new_code() -> str:
    """Eight signs that nobody guesses and everybody can read aloud."""
    return "".join(secrets.choice(SIGNS) for _sign in range(LENGTH))


def shown(code: str) -> str:
    """A code as it is written: in two halves."""
    return f"{code[:4]}-{code[4:]}"


def typed(text: str) -> str | None:
    """A code as somebody types it, or None when it cannot be one."""
    code = "".join(sign for sign in text.upper() if sign.isalnum())
    return code if len(code) == LENGTH and set(code) <= set(SIGNS) else None


@routes.command("/in", words=("in đơn", "in mẫu đơn"), role="official")
def print_form(turn: Turn, rest: str = "") -> Reply:
    """A code prints what she has filled in; the name of a form prints it empty; nothing: which forms there are."""
    if turn.in_group:
        return Reply(IN_PRIVATE)
    asked = fold(rest)
    name = next((name for name, spoken in NAMES.items() if asked in spoken), None)
    if name is not None:
        return print_blank(turn, name)
    if not asked:
        return Reply(
            _("Please type /in and the code of the form, or choose an empty form."),
            buttons=tuple(Button(label, str(RouteToken("print-blank", (each,)))) for each, label in BLANKS.items()),
        )
    return _print_code(turn, rest)


def _print_code(turn: Turn, text: str) -> Reply:
    assert turn.official is not None, "the route is for officials"
    if print_codes.is_locked(turn.db, turn.commune_id, turn.official.id, turn.now):
        return Reply(_("Several codes were wrong. Please try again in an hour, or write the form by hand with her."))
    code = typed(text)
    found = None if code is None else print_codes.find(turn.db, turn.commune_id, code, turn.now)
    if found is None:
        print_codes.note_wrong(turn.db, turn.commune_id, turn.official.id, turn.now)
        return Reply(_("There is no form with this code, or its time is over. Please look at the code again."))
    order(turn, LETTERS[found.form](**found.said))
    return Reply(COMING, _("Please hand it to her and keep no copy; she reads it, signs it and hands it in."))


@routes.tap("print-blank", role="official")
def print_blank(turn: Turn, name: str) -> Reply:
    """An empty form for the counter."""
    if turn.in_group:
        return Reply(IN_PRIVATE)
    if name not in BLANKS:
        return print_form(turn)
    order(turn, blank(turn, name))
    return Reply(COMING)
