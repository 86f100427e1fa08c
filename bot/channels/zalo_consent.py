"""An administrator of the Official Account consents, once: a link, and what Zalo's redirect brings back.

The link is made by `python -m bot zalo connect`. The redirect reaches `/zalo/callback` of the running service, or the
administrator pastes its address into the command when nothing can be reached from outside. Either way its `state` must
be one that was given out, within 10 minutes and for the first time. Here too lies the file by which Zalo sees whose
domain it is (zalo.md 4.3): the operator puts it into DATA_DIR, for who answers to any code would lend it to anybody.
"""

import html
import secrets
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from aiohttp import web

from bot.channels.zalo_grant import CALLBACK, MISFIT, NAME, Grant, Home
from bot.channels.zalo_request import Refused, unknown
from bot.errors import SendError
from bot.settings import Settings
from messages.reply import Msg, _
from storage import grants

VALID = timedelta(minutes=10)
"""As long as the code itself (zalo.md 1.1)."""
VERIFIER = r"/zalo_verifier{code:[\w-]{1,64}}.html"

CONNECTED = _("The Official Account is connected. You can close this page.")
NO_CODE = _("Zalo sent no consent. Please run again: python -m bot zalo connect")
USED = _("This link was used already, or is older than 10 minutes. Please run again: python -m bot zalo connect")
BAD_CODE = _("Zalo does not take this consent: it was used already, or too late. Please run again: zalo connect")
BAD_REDIRECT = _("The address of return is not the one in Zalo's console. Please correct it there.")
NO_ANSWER = _("Zalo does not answer. Please run again in a few minutes: python -m bot zalo connect")
_WHY: Mapping[int, Msg] = {-14002: MISFIT, -14003: BAD_REDIRECT, -14004: MISFIT, -14005: BAD_CODE, -14014: BAD_CODE}

_PAGE = """<!doctype html><html lang="vi"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Zalo</title><body style="font:1.2rem/1.6 sans-serif;max-width:34rem;margin:3rem auto;padding:0 1rem">
<p>{words}</p></body></html>
"""


class NotConnected(Exception):
    """Nothing has come of it; `sentence` says why and what to do."""

    def __init__(self, sentence: Msg) -> None:
        super().__init__(sentence.id)
        self.sentence = sentence


async def begin(grant: Grant, home: Home, settings: Settings, redirect: str) -> str:
    """The link at which an administrator consents, good for ten minutes."""
    state, now = secrets.token_urlsafe(24), home.now()
    whose = grants.Account(home.commune_id, NAME, settings.zalo_app_id)
    await home.database.write(grants.expect, whose, state, now, now + VALID)
    return await grant.link(redirect, state)


async def finish(grant: Grant, home: Home, settings: Settings, query: Mapping[str, str]) -> None:
    """What the redirect brought becomes the pair; raises NotConnected."""
    code, state = query.get("code", ""), query.get("state", "")
    if not code:
        raise NotConnected(NO_CODE)
    whose = grants.Account(home.commune_id, NAME, settings.zalo_app_id)
    if not await home.database.write(grants.expected, whose, state, home.now()):
        raise NotConnected(USED)
    await spend(grant.exchange(code))


async def spend(work: Awaitable[None]) -> None:
    """An `exchange` or `adopt` of the grant; raises NotConnected."""
    try:
        await work
    except Refused as refused:
        raise NotConnected(_WHY.get(refused.code) or unknown(refused.code)) from None
    except SendError:
        raise NotConnected(NO_ANSWER) from None


class Door:
    """The addresses on the web server that Zalo and an administrator's browser open. `say` gives the words of a Msg;
    `connected` is what to do as soon as there is a pair.
    """

    def __init__(
        self,
        settings: Settings,
        grant: Grant,
        home: Home,
        say: Callable[[Msg], str],
        connected: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._settings, self._grant, self._home, self._say = settings, grant, home, say
        self._connected = connected

    def routes(self) -> list[web.RouteDef]:
        """No HEAD: a browser's look ahead would spend the code."""
        return [web.get(CALLBACK, self.callback, allow_head=False), web.get(VERIFIER, self.verifier)]

    async def callback(self, request: web.Request) -> web.Response:
        """The administrator comes back from Zalo."""
        try:
            await finish(self._grant, self._home, self._settings, request.query)
        except NotConnected as why:
            return self._page(why.sentence, 400)
        if self._connected is not None:
            with suppress(Exception):  # the pair is stored; what else there is comes by itself
                await self._connected()
        return self._page(CONNECTED, 200)

    async def verifier(self, request: web.Request) -> web.StreamResponse:
        """The file by which Zalo sees that this domain is ours, if the operator has put it into DATA_DIR."""
        file = verifier_file(self._settings.data_dir, request.match_info["code"])
        if not file.is_file():
            raise web.HTTPNotFound
        return web.FileResponse(file, headers={"Content-Type": "text/html; charset=utf-8"})

    def _page(self, sentence: Msg, status: int) -> web.Response:
        words = html.escape(self._say(sentence))
        headers = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}  # the code stands in our address
        return web.Response(
            text=_PAGE.format(words=words), status=status, content_type="text/html", charset="utf-8", headers=headers
        )


def verifier_file(folder: Path, code: str) -> Path:
    """Where the file with that code lies."""
    return folder / f"zalo_verifier{code}.html"
