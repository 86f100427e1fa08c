"""What is kept of a talk between two messages: plain JSON, answers by name and in order.

Why names and not positions: a deploy under a live talk then costs nothing. What an earlier version wrote is read, too.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any, Literal

Kind = Literal["text", "tap", "photo", "sticker", "voice", "file", "location", "contact", "wake", "passed"]
Json = Any
"""Whatever json.dumps takes and gives back the same: dict, list, str, int, float, bool, None."""


class ConversationError(Exception):
    """A conversation is written wrongly (a name used twice, a loop without end); the text says how."""


@dataclass(frozen=True, slots=True)
class Raw:
    """What somebody sent, before any question has read it; `value` is that of a tapped button, `files` are file ids.

    "wake" is the clock's event; "passed" is never sent by anybody: it is what remains of a `Checked` answer.
    `place`: latitude and longitude of a location.
    """

    kind: Kind
    text: str = ""
    value: str | None = None
    files: tuple[str, ...] = ()
    place: tuple[float, float] | None = None

    def to_json(self) -> dict[str, Json]:
        shared = {"kind": self.kind, "text": self.text, "value": self.value, "files": list(self.files)}
        return shared if self.place is None else shared | {"place": list(self.place)}

    @classmethod
    def from_json(cls, stored: Mapping[str, Json]) -> "Raw":
        place = stored.get("place")
        at = None if place is None else (float(place[0]), float(place[1]))
        return cls(stored["kind"], stored["text"], stored["value"], tuple(stored["files"]), at)


@dataclass(frozen=True, slots=True)
class Given:
    """A kept answer: its name, what was sent, the digest of what she was shown ("" where that does not matter)."""

    name: str
    raw: Raw
    shown: str = ""

    def to_json(self) -> dict[str, Json]:
        return {"name": self.name, "raw": self.raw.to_json(), "shown": self.shown}

    @classmethod
    def from_json(cls, stored: Mapping[str, Json]) -> "Given":
        return cls(stored["name"], Raw.from_json(stored["raw"]), stored["shown"])


@dataclass(frozen=True, slots=True)
class Result:
    """What `ask.once` brought back; `needs` is a digest of the answers it was made from."""

    key: str
    needs: str
    value: Json

    def to_json(self) -> dict[str, Json]:
        return {"key": self.key, "needs": self.needs, "value": self.value}

    @classmethod
    def from_json(cls, stored: Mapping[str, Json]) -> "Result":
        return cls(stored["key"], stored["needs"], stored["value"])


@dataclass(frozen=True, slots=True)
class State:
    """A talk as its row keeps it. `trail`: names answered on the last run, in order; back walks along it.

    `pending`, `shown`, `view`, `listing` say which question is open and what of it she has before her; `prompts` is one
    more than the answers to it in a row that were not understood (two of them bring a person: L10). `changing` is the
    earlier answer she is about to change, so that back can restore it. `wake_at`: when the clock should run it again.
    """

    route: str
    talk: str
    args: Mapping[str, Json] = field(default_factory=dict)
    answers: tuple[Given, ...] = ()
    results: tuple[Result, ...] = ()
    pending: str = ""
    shown: str = ""
    view: str = ""
    listing: str = ""
    prompts: int = 0
    trail: tuple[str, ...] = ()
    changing: Given | None = None
    wake_at: datetime | None = None

    def to_json(self) -> dict[str, Json]:
        """Plain JSON types; what has an order is a list, since JSONB forgets the order of keys."""
        return {
            "route": self.route,
            "talk": self.talk,
            "args": dict(self.args),
            "answers": [given.to_json() for given in self.answers],
            "results": [result.to_json() for result in self.results],
            "pending": self.pending,
            "shown": self.shown,
            "view": self.view,
            "listing": self.listing,
            "prompts": self.prompts,
            "trail": list(self.trail),
            "changing": self.changing and self.changing.to_json(),
            "wake_at": self.wake_at and self.wake_at.isoformat(),
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Json]) -> "State":
        """Reads what an earlier version wrote, too: a field it did not have gets its default."""
        return cls(
            stored["route"],
            stored["talk"],
            dict(stored.get("args", {})),
            tuple(Given.from_json(each) for each in stored.get("answers", ())),
            tuple(Result.from_json(each) for each in stored.get("results", ())),
            stored.get("pending", ""),
            stored.get("shown", ""),
            stored.get("view", ""),
            stored.get("listing", ""),
            stored.get("prompts", 0),
            tuple(stored.get("trail", ())),
            Given.from_json(stored["changing"]) if stored.get("changing") else None,
            datetime.fromisoformat(stored["wake_at"]) if stored.get("wake_at") else None,
        )

    @property
    def confirming(self) -> bool:
        """Whether the open question is a `Confirm`: a replayed event must never answer that one."""
        return bool(self.pending and self.shown)


def start(route: str, talk: str, args: Mapping[str, Json] | None = None) -> State:
    """A talk that has not asked anything yet; `args` must be JSON, they are kept on its row."""
    return State(route, talk, plain(dict(args or {}), f"The arguments of {route!r}"))


def plain(value: Any, what: str) -> Json:
    """`value` as it will be after a restart; tells apart now what JSON would change or refuse then."""
    try:
        return json.loads(json.dumps(value, ensure_ascii=True, allow_nan=False))
    except (TypeError, ValueError) as why:
        raise ConversationError(f"{what} must be plain JSON: {why}.") from why


def digest_json(value: Json) -> str:
    return digest(json.dumps(value, ensure_ascii=True, sort_keys=True))


def digest(text: str) -> str:
    """A short fingerprint (48 bits) of something displayed, to see whether it is still the same."""
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]
