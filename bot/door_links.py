"""Addresses that open a private chat with us on a messenger and send a code there with one tap (deep links).

A tap sends "/start CODE" (core.telegram.org/bots/features#deep-linking). Which name the account has is known once the
provider was reached; before that there is no address, and the code is typed as it stands.
"""

import re
from collections.abc import Iterator

from sqlalchemy import Connection

from bot.turn import Place
from storage import accounts

FITS = re.compile(r"[A-Za-z0-9_-]{1,64}")
"""What Telegram takes as the parameter of such an address."""


def with_code(db: Connection, place: Place, code: str, but: str = "") -> Iterator[str]:
    """The addresses that bring this code to each messenger we are on, `but` one."""
    for channel, account in place.accounts.items():
        pattern = place.capabilities[channel].starts_by if channel != but else ""
        name = accounts.name(db, place.commune_id, channel, account) if pattern else ""
        if name and FITS.fullmatch(code):
            yield pattern.format(name=name, code=code)
