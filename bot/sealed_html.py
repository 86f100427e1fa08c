"""Plain pages for what is sealed: large letters, no script, nothing from elsewhere, nothing kept by the browser.

They work on the cheapest phone. Every word of people passes `escape`; the style is allowed by its digest, so a strict
content security policy holds. `no-store` and `no-referrer`: the address of such a page tells nobody where she was.
"""

import base64
import hashlib
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field
from html import escape
from urllib.parse import parse_qsl

from aiohttp import BodyPartReader, web

from messages.reply import Text, _

STYLE = (
    "body{font:20px/1.6 sans-serif;max-width:40rem;margin:0 auto;padding:1rem;color:#111;background:#fff}"
    "h1{font-size:1.4rem}label{display:block;margin:.6rem 0}textarea,input[type=text],input[type=password]"
    "{font:inherit;width:100%;box-sizing:border-box;padding:.5rem}textarea{min-height:12rem}"
    "button{font:inherit;padding:.7rem 1.4rem;margin:1rem 0;background:#0b6b4b;color:#fff;border:0;border-radius:.4rem}"
    "code{font-size:1.4rem;display:block;padding:.5rem;background:#eee;letter-spacing:.1em}"
    "input[type=radio],input[type=checkbox]{width:1.4rem;height:1.4rem;vertical-align:middle}"
    ".wrong{border-left:.4rem solid #c00;padding-left:.8rem}pre{white-space:pre-wrap;font:inherit}"
)
_ALLOWED = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
TEXT_BYTES = 200_000
"""Of all words of a form together."""
MOST_FILES = 5
FILE_BYTES = 10_000_000


class TooMuch(Exception):
    """More than the form takes."""


@dataclass(frozen=True)
class Upload:
    """One file of a form, as it came."""

    title: str
    media_type: str
    raw: bytes


@dataclass
class Fields:
    """What a form brought."""

    words: dict[str, str] = field(default_factory=dict)
    files: list[Upload] = field(default_factory=list)

    def get(self, name: str) -> str:
        return self.words.get(name, "").strip()


class Words:
    """Builds parts of a page in one language."""

    def __init__(self, text: Callable[[Text], str]) -> None:
        self._text = text

    def p(self, *several: Text, css: str = "") -> str:
        """Paragraphs."""
        mark = f' class="{css}"' if css else ""
        return "".join(f"<p{mark}>{self.of(each)}</p>" for each in several)

    def of(self, text: Text) -> str:
        return escape(self._text(text)).replace("\n", "<br>")

    def radio(self, name: str, value: str, label: Text, *, checked: bool = False) -> str:
        mark = " checked" if checked else ""
        return (
            f'<label><input type="radio" name="{name}" value="{escape(value)}" required{mark}> {self.of(label)}</label>'
        )

    def check(self, name: str, label: Text, *, checked: bool = False) -> str:
        mark = " checked" if checked else ""
        return f'<label><input type="checkbox" name="{name}" value="1"{mark}> {self.of(label)}</label>'

    def line(self, name: str, label: Text, *, value: str = "", secret: bool = False) -> str:
        kind = "password" if secret else "text"
        return (
            f'<label>{self.of(label)}<input type="{kind}" name="{name}" value="{escape(value)}" '
            f'autocomplete="off"></label>'
        )  # fmt: skip

    def area(self, name: str, label: Text, *, value: str = "", most: int) -> str:
        return (
            f'<label>{self.of(label)}<textarea name="{name}" maxlength="{most}" autocomplete="off">'
            f"{escape(value)}</textarea></label>"
        )

    def files(self, name: str, label: Text) -> str:
        return f'<label>{self.of(label)}<br><input type="file" name="{name}" multiple></label>'

    def form(self, to: str, *parts: str, send: Text, files: bool = False) -> str:
        kind = ' enctype="multipart/form-data"' if files else ""
        return (
            f'<form method="post" action="{escape(to)}"{kind}>{"".join(parts)}'
            f"<button>{self.of(send)}</button></form>"
        )

    def page(
        self, title: Text, parts: Iterable[str], *, status: int = 200, referrer: str = "no-referrer"
    ) -> web.Response:
        """The whole page."""
        words = self.of(title)
        body = (
            '<!doctype html><html lang="vi"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width,initial-scale=1">'
            f"<title>{words}</title><style>{STYLE}</style></head><body><h1>{words}</h1>{''.join(parts)}</body></html>"
        )
        return web.Response(text=body, status=status, content_type="text/html", headers=headers(referrer))


def headers(referrer: str = "no-referrer") -> dict[str, str]:
    """What every such answer carries."""
    return {
        "Content-Security-Policy": (
            f"default-src 'none'; style-src 'sha256-{_ALLOWED}'; form-action 'self'; base-uri 'none'; "
            "frame-ancestors 'none'"
        ),
        "Cache-Control": "no-store",
        "Referrer-Policy": referrer,
        "X-Content-Type-Options": "nosniff",
        "X-Robots-Tag": "noindex, nofollow",
    }


async def fields(request: web.Request) -> Fields:
    """The form of a request, whichever way it was sent; raises TooMuch. What is no form is an empty one."""
    found = Fields()
    if request.content_type == "application/x-www-form-urlencoded":
        found.words = dict(parse_qsl((await _bytes(request.content.iter_any(), TEXT_BYTES)).decode("utf-8", "replace")))
    elif request.content_type == "multipart/form-data":
        try:
            await _parts(request, found)
        except ValueError:
            return Fields()
    return found


async def _parts(request: web.Request, found: Fields) -> None:
    left = TEXT_BYTES
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader):
            continue
        if part.filename is None:
            raw = await _bytes(_chunks(part), left)
            left -= len(raw)
            found.words[part.name or ""] = raw.decode("utf-8", "replace")
            continue
        raw = await _bytes(_chunks(part), FILE_BYTES)
        if raw:
            found.files.append(Upload(part.filename[:200], part.headers.get("Content-Type", ""), raw))
        if len(found.files) > MOST_FILES:
            raise TooMuch


async def _chunks(part: BodyPartReader) -> AsyncIterator[bytes]:
    while chunk := await part.read_chunk(65536):
        yield chunk


async def _bytes(chunks: AsyncIterable[bytes], most: int) -> bytes:
    found = bytearray()
    async for chunk in chunks:
        found += chunk
        if len(found) > most:
            raise TooMuch
    return bytes(found)


TOO_MUCH = _("That is more than the page can take: at most 5 files of 10 MB each.")
