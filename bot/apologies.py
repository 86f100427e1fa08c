"""The apology for a late dossier (form 04), made of what an officer has picked and of what stands in the dossier (A05).

Nothing is invented here: reason, new date and how the villager is addressed are the officer's.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from bot import approval_letters
from bot.turn import Work
from messages.reply import Msg, _
from messages.statuses import STATUSES, shown
from storage import dossiers
from storage.dossiers import Dossier

REASONS: Mapping[str, Msg] = {
    "survey": _("The survey or check on site is not finished yet"),
    "opinion": _("The office that is asked for its opinion has not answered yet"),
    "verify": _("Facts and papers are still being verified"),
    "many": _("More dossiers came in than could be done in time"),
    "system": _("The computer system had a fault"),
    "weather": _("Storm and flood interrupted the work"),
    "mistake": _("A slip of the official who works on it"),
}
OWN = "own"
"""The officer writes the reason himself."""
CALLED: Mapping[str, str] = {
    "ong": "ông", "ba": "bà", "anh": "anh", "chi": "chị", "ong-ba": "ông/bà", "org": "quý cơ quan",
}  # fmt: skip
"""How the letter calls her: the officer picks it, it is never guessed from a name (L24)."""
ON_PAPER = "vi"
"""The language of letters."""


@dataclass(frozen=True)
class Draft:
    """What an officer has said of the letter; as a command it gives the letter's paragraphs."""

    code: str
    title: str
    reason: str
    own: str
    day: str
    again: bool


def fields(work: Work, draft: Draft, found: Dossier) -> dict[str, Any]:
    """The fields of the letter; the procedure of a private dossier is not named (L05)."""

    def in_words(told: Msg) -> str:
        return work.place.catalogs.text(told, ON_PAPER)

    on_slip = in_words(_("as on the appointment slip"))
    is_private = work.commune.is_private(found.procedure_code, found.procedure_name)
    applicant = dossiers.details(work.db, work.commune_id, found.id).applicant
    said: dict[str, Any] = {
        "code": found.code,
        "title_of_person": CALLED[draft.title],
        "recipient": applicant or in_words(_("whoever handed in the dossier")),
        "subject": on_slip if is_private or not found.procedure_name else found.procedure_name,
        "received": in_words(_("{day}", day=shown(found.received_at))) if found.received_at else on_slip,
        "due": in_words(_("{day}", day=shown(found.deadline))) if found.deadline else on_slip,
        "state": STATUSES[found.status].label,
        "reason": draft.own or in_words(REASONS[draft.reason]),
        "new_due": in_words(_("{day}", day=date.fromisoformat(draft.day))),
    }
    facts = said | {"office": approval_letters.office(work)}
    variant = "second" if draft.again else ""
    return said | {"body": list(work.place.letters.words("apology-late", facts, variant))}


def body(work: Work, draft: Draft, found: Dossier) -> list[str]:
    """Its paragraphs, to be looked at before it is sent for approval."""
    return list(fields(work, draft, found)["body"])
