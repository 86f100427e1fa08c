"""The pages of the web channel: the villager's box, the office, the demo's three phones.

No inline script and no outside host, so that a strict content security policy holds.
"""

import re
from collections.abc import Awaitable, Callable
from pathlib import Path

from aiohttp import web

from bot.channels.web_door import Door

PAGES = Path(__file__).parent / "pages"
_TYPES = {
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
    ".html": "text/html",
    ".png": "image/png",
}


class Pages:
    """Serves the files of pages/ under a strict content security policy."""

    def __init__(self, door: Door) -> None:
        self.door, self.desk = door, door.desk

    async def home(self, request: web.Request) -> web.StreamResponse:
        """The demo's three phones on the sample database, else the villager's box alone."""
        shows_demo = self.desk.demo is not None and self.door.on_loopback(request)
        return _page("demo.html" if shows_demo else "chat.html", self._frame_ancestors("/chat"))

    def page(self, name: str) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        """A handler for one page."""

        async def serve(request: web.Request) -> web.StreamResponse:
            return _page(name, self._frame_ancestors(request.path))

        return serve

    def _frame_ancestors(self, path: str) -> str:
        if path.startswith("/office"):
            return "'self'" if self.desk.demo is not None else "'none'"
        return " ".join(["'self'", *self.desk.embed_origins])

    async def static(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        path = PAGES / name
        if not re.fullmatch(r"[\w-]+\.(js|css|svg|png)", name) or not path.is_file():
            raise web.HTTPNotFound
        return web.Response(
            body=path.read_bytes(),
            content_type=_TYPES[path.suffix],
            charset="utf-8" if path.suffix != ".png" else None,
            headers={"Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"},
        )

    async def demo(self, request: web.Request) -> web.Response:
        """Codes to try on the sample database."""
        if self.desk.demo is None or not self.door.on_loopback(request):
            raise web.HTTPNotFound
        return web.json_response({"commune": self.desk.commune_name, "codes": self.desk.demo.codes})


def _page(name: str, ancestors: str) -> web.Response:
    policy = (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
        f"media-src 'self' blob:; frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors {ancestors}"
    )
    headers = {
        "Content-Security-Policy": policy,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-cache",
    }
    return web.Response(body=(PAGES / name).read_bytes(), content_type="text/html", charset="utf-8", headers=headers)
