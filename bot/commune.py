"""The commune itself: DATA_DIR/commune.toml, read into one frozen value that every turn can look at.

What the law or the province decides stands in that file, dated, and what nobody has confirmed yet is marked
`needs_checking`; `check` lists those, and nothing unconfirmed ever blocks a citizen. All mistakes of the file are told
together, in Vietnamese, because a clerk may be the one who edits it.

Names of places (L09): a thôn has a current name, former names and a former commune. After a merger three of them may be
called "Thôn 2", so a written name resolves to one, to several (the import refuses, the chat asks), or to none.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, time
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from rapidfuzz import process

from bot.commune_cases import CaseTerms
from bot.commune_dossiers import DossierTerms, LetterTerms, QuietDays
from bot.commune_sealed import SealedTerms
from bot.commune_zalo import ZaloTerms
from bot.settings import explain
from messages.fold import fold, nfc

WEEKDAYS: tuple["Weekday", ...] = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]

PRIVATE_CODES = (
    "1.001022", "1.000689",  # nhận cha, mẹ, con
    "2.001263",  # nuôi con nuôi
    "1.004873",  # tình trạng hôn nhân
    "1.004859",  # cải chính hộ tịch, xác định lại dân tộc
    "1.004837", "1.004845",  # giám hộ
    "1.001699", "1.001653",  # khuyết tật
    "1.014027", "1.014028", "1.001776", "1.001731", "1.010803",  # trợ cấp
    "1.011606", "1.011607", "1.011608",  # hộ nghèo
    "2.001019", "2.001016", "2.001406",  # di chúc, di sản
    "2.001801", "2.002409", "2.002396",  # đơn, khiếu nại, tố cáo
)
"""Procedures whose very name tells about a family (L05); the office may change the list."""

PRIVATE_PHRASES = (
    "nhận cha mẹ con", "nhận con", "con nuôi", "tình trạng hôn nhân", "khuyết tật", "trợ cấp", "trợ giúp xã hội",
    "bảo trợ xã hội", "hộ nghèo", "cận nghèo", "giám hộ", "di chúc", "di sản", "xác định lại dân tộc",
    "xác định lại giới tính", "cai nghiện", "bạo lực", "ly hôn", "tâm thần", "khiếu nại", "tố cáo",
)
"""The same for procedures that arrive with a name and no code, or with a code the list does not know yet."""


class BadCommune(Exception):
    """commune.toml cannot be used; `problems` holds one Vietnamese sentence for each mistake."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = list(problems)
        super().__init__("\n".join(self.problems))


# What the file says ---------------------------------------------------------------------------------------------------


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


def _clean(value: str) -> str:
    return " ".join(nfc(value).split())


Words = Annotated[str, AfterValidator(_clean), Field(min_length=1)]


class Span(_Part):
    """A stretch of opening hours within one day; `closes` is the first minute that is closed."""

    opens: time
    closes: time


def _span(value: object) -> object:
    if not isinstance(value, str):
        return value
    found = re.fullmatch(r"\s*(\d{1,2}):(\d{2})\s*[-–]\s*(\d{1,2}):(\d{2})\s*", value)
    try:
        opens, closes = (time(int(found[i]), int(found[i + 1])) for i in (1, 3)) if found else (time(), time())
    except ValueError:
        opens = closes = time()
    if opens >= closes:
        raise ValueError('cần giờ dạng "07:30-11:30"')
    return Span(opens=opens, closes=closes)


OneSpan = Annotated[Span, BeforeValidator(_span)]


def _in_order(spans: tuple[Span, ...]) -> tuple[Span, ...]:
    if any(a.closes > b.opens for a, b in pairwise(spans)):
        raise ValueError("các khoảng giờ cần theo thứ tự và không chồng nhau")
    return spans


Spans = Annotated[tuple[OneSpan, ...], AfterValidator(_in_order)]
_DAY = (Span(opens=time(7, 30), closes=time(11, 30)), Span(opens=time(13, 30), closes=time(17)))


class Hours(_Part):
    """Opening hours by weekday; a day left out is closed."""

    monday: Spans = ()
    tuesday: Spans = ()
    wednesday: Spans = ()
    thursday: Spans = ()
    friday: Spans = ()
    saturday: Spans = ()
    sunday: Spans = ()

    def on(self, weekday: int) -> tuple[Span, ...]:
        """The spans of a weekday, Monday = 0."""
        spans: tuple[Span, ...] = getattr(self, WEEKDAYS[weekday])
        return spans

    @model_validator(mode="after")
    def _some_day(self) -> Self:
        if not any(self.on(day) for day in range(7)):
            raise ValueError("cần giờ làm việc của ít nhất một ngày")
        return self


class ReceptionPoint(_Part):
    """Where people hand in and collect: its days, since a far point may be served twice a week.

    `hours`: its own, where they differ from the office's.
    """

    name: Words
    address: str = ""
    days: tuple[Weekday, ...] = WEEKDAYS[:5]
    hours: Spans = ()
    needs_checking: bool = False


class Phone(_Part):
    """A work number people may call. `name` is a post or an office, never a private person's.

    `role` says what the bot offers it for; several may share one. The phone list (C04) shows them all, in this order.
    """

    role: Literal["office", "leader", "staff", "police", "militia", "health", "other"]
    name: Words
    number: Annotated[str, AfterValidator(_clean), Field(min_length=3)]
    needs_checking: bool = False


class Village(_Part):
    """One thôn as it is called today; `label` is the name that tells it from all the others.

    `head_phone`: the work number of the trưởng thôn, told in an emergency in this thôn (L13).
    """

    name: Words
    former_names: tuple[Words, ...] = ()
    former_commune: Annotated[str, AfterValidator(_clean)] = ""
    agreed_on: date | None = None
    minutes: str = ""
    head_phone: str = ""
    label: str = ""


class Receiver(_Part):
    """A post named by decision to receive what others may not read; `name` only where a person is named."""

    task: Literal["citizens", "accusations", "crime", "data"]
    post: Words
    name: str = ""
    decision: str = ""


class Permit(_Part):
    """The document that permits guidance through a channel (NĐ 118/2025, Điều 16)."""

    number: str = ""
    signed_on: date | None = None
    needs_checking: bool = True


class Fact(_Part):
    """One fact of the office that somebody has to confirm, and when somebody did."""

    value: str
    checked_on: date | None = None
    needs_checking: bool = True


def _saying(value: object) -> object:
    """Words alone are a fact somebody has written down himself; an empty one is not known."""
    if isinstance(value, str):
        value = {"value": value, "needs_checking": False}
    empty = isinstance(value, dict) and isinstance(value.get("value"), str) and not value["value"].strip()
    return None if empty else value


Saying = Annotated[Fact | None, BeforeValidator(_saying)]
"""A fact told in the office's own words, or None when it is not known: then the bot says so."""


class About(_Part):
    """What people ask about the house (A21). `wifi`: the network and whom to ask; no password need stand here."""

    address: Saying = None
    map: Saying = None
    parking: Saying = None
    waiting: Saying = None
    wifi: Saying = None
    photocopier: Saying = None
    payment: Saying = None


class ChairmanDay(_Part):
    """A day on which the Chairman himself receives citizens. `cancelled`: why it does not take place after all."""

    day: date
    hours: Spans = ()
    topics: Annotated[str, AfterValidator(_clean)] = ""
    cancelled: Annotated[str, AfterValidator(_clean)] | None = None


class LeastDays(_Part):
    """How often the Chairman has to receive citizens himself, since when, by which text."""

    days_a_month: int = Field(default=2, ge=0, le=31)
    since: date = date(2026, 7, 1)
    source: str = "Luật 136/2025/QH15"
    needs_checking: bool = True


class CitizenReception(_Part):
    """The five facts of citizen reception (B01), its rules (B02) and the Chairman's own days."""

    place: Saying = None
    hours: Saying = None
    attendees: Saying = None
    topics: Saying = None
    rules: Saying = None
    chairman: tuple[ChairmanDay, ...] = ()
    least: LeastDays = LeastDays()

    def between(self, first: date, last: date) -> list[ChairmanDay]:
        """The Chairman's days from `first` to `last`, cancelled ones too, in order."""
        return sorted((each for each in self.chairman if first <= each.day <= last), key=lambda each: each.day)


class Listener(_Part):
    """An official who can hear voice notes in other languages than Vietnamese; `name` as he was invited (L12)."""

    name: Words
    languages: tuple[Words, ...]


class DaysOff(_Part):
    """What the yearly notices decide and no library can know, over the holidays library."""

    days_off: tuple[date, ...] = ()
    working_days: tuple[date, ...] = ()
    culture_day_off: bool = True
    confirmed_until: date | None = None


class Office(_Part):
    """Promises and limits the office sets itself; minutes, hours and days as the names say."""

    promised_minutes: int = Field(default=30, ge=1, le=10_000)
    reminder_minutes: tuple[Annotated[int, Field(ge=1)], ...] = Field(default=(10, 20, 30), min_length=3, max_length=3)
    undo_seconds: int = Field(default=60, ge=0, le=3600)
    talk_close_hours: int = Field(default=24, ge=1, le=720)
    applicants_per_phone: int = Field(default=3, ge=1)
    list_hours: int = Field(default=12, ge=1, le=168)
    guidance_days: int = Field(default=1825, ge=1)
    inbox_days: int = Field(default=30, ge=7)
    outbox_days: int = Field(default=30, ge=7)
    notice_days: int = Field(default=730, ge=30)
    talk_days: int = Field(default=7, ge=7)
    low_disk_megabytes: int = Field(default=500, ge=10)
    emergency_minutes: int = Field(default=5, ge=1, le=60)
    guidance_version: str = "1"


class DataRights(_Part):
    """Within which time whoever asks about her data is answered and it is done, since when, by which text.

    The days are calendar days: sources differ about working days, and these are the shorter ones.
    """

    reply_working_days: int = Field(default=2, ge=1)
    correct_days: int = Field(default=10, ge=1)
    erase_days: int = Field(default=20, ge=1)
    since: date = date(2026, 1, 1)
    source: str = "NĐ 356/2025/NĐ-CP, Điều 5"
    needs_checking: bool = True


class Private(_Part):
    """Procedures that are named only after the second factor (L05)."""

    codes: tuple[str, ...] = PRIVATE_CODES
    phrases: tuple[Words, ...] = PRIVATE_PHRASES


class Commune(_Part):
    """Everything commune.toml says, checked."""

    name: Words
    short_name: Words
    province: Words
    hours: Hours = Hours(monday=_DAY, tuesday=_DAY, wednesday=_DAY, thursday=_DAY, friday=_DAY)
    reception_points: tuple[ReceptionPoint, ...] = ()
    phones: tuple[Phone, ...] = ()
    villages: tuple[Village, ...] = ()
    receivers: tuple[Receiver, ...] = ()
    permits: Mapping[Literal["web", "telegram", "zalo"], Permit] = Field(default_factory=dict)
    facts: Mapping[str, Fact] = Field(default_factory=dict)
    about: About = About()
    citizen_reception: CitizenReception = CitizenReception()
    listeners: tuple[Listener, ...] = ()
    calendar: DaysOff = DaysOff()
    office: Office = Office()
    data_rights: DataRights = DataRights()
    private: Private = Private()
    zalo: ZaloTerms = ZaloTerms()
    dossiers: DossierTerms = DossierTerms()
    letters: LetterTerms = LetterTerms()
    quiet: QuietDays = QuietDays()
    cases: CaseTerms = CaseTerms()
    sealed: SealedTerms = SealedTerms()

    @model_validator(mode="before")
    @classmethod
    def _shorten(cls, values: Any) -> Any:
        if isinstance(values, dict) and "short_name" not in values:
            name = values.get("name")
            values = values | {"short_name": re.sub(r"^UBND\s+", "", name) if isinstance(name, str) and name else "…"}
        return values

    @model_validator(mode="after")
    def _tell_villages_apart(self) -> Self:
        labels = _labels(self.villages, self.short_name)
        pairs = list(zip(self.villages, labels, strict=True))
        twice = dict.fromkeys(village.name for village, label in pairs if label is None)
        if twice:
            raise ValueError("\n".join(f"có hai thôn cùng tên {name}; xin ghi thêm xã cũ" for name in twice))
        object.__setattr__(
            self, "villages", tuple(village.model_copy(update={"label": label}) for village, label in pairs)
        )
        return self

    @cached_property
    def places(self) -> "Villages":
        """The look-up of written thôn names."""
        return Villages(self.villages, self.short_name)

    def phone(self, role: str = "office") -> Phone | None:
        """The first number of that role, or None."""
        return next((phone for phone in self.phones if phone.role == role), None)

    def receiver(self, task: str) -> Receiver | None:
        """The first post named for that task, or None."""
        return next((receiver for receiver in self.receivers if receiver.task == task), None)

    def languages(self, name: str) -> tuple[str, ...]:
        """What an official of that name can hear besides Vietnamese."""
        return tuple(each for one in self.listeners if fold(one.name) == fold(name) for each in one.languages)

    def is_private(self, code: str, name: str) -> bool:
        """True when a code alone may not even name this procedure (L05)."""
        bare = _bare(name)
        return code in self.private.codes or any(phrase in bare for phrase in self._private_phrases)

    @cached_property
    def _private_phrases(self) -> tuple[str, ...]:
        return tuple(_bare(phrase) for phrase in self.private.phrases)


def _bare(text: str) -> str:
    """Folded words with one space around each, so that a phrase is found only as whole words."""
    return f" {fold(text)} "


# Names of thôn --------------------------------------------------------------------------------------------------------

_KIND = re.compile(r"^(thon|ban|ap|buon|lang|xom|khu pho|kp|khu|to dan pho|tdp|to)\s+(?=\S)")
_COMMUNE = re.compile(r"^(xa|phuong|thi tran|x)\s+(?=\S)")
_ABOVE = re.compile(r"\s(huyen|thi xa|thanh pho|tp|tinh)\s.*$")


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """Several thôn bear this name."""

    text: str
    villages: tuple[Village, ...]


@dataclass(frozen=True, slots=True)
class Unknown:
    """No thôn bears this name; `near` are those that look alike, nearest first."""

    text: str
    near: tuple[Village, ...]


class Villages:
    """Resolves what somebody wrote as a thôn: current names, former names, former communes, with or without accents."""

    def __init__(self, villages: Iterable[Village], commune: str = "") -> None:
        self.all = tuple(villages)
        self._own = _commune_key(commune)
        self._index: dict[str, dict[int, None]] = {}
        for i, village in enumerate(self.all):
            for alias in self._aliases(village):
                self._index.setdefault(alias, {})[i] = None

    def _aliases(self, village: Village) -> Iterable[str]:
        former = _commune_key(village.former_commune)
        for written, current in ((village.name, True), *((name, False) for name in village.former_names)):
            place, commune = _parts(written)
            commune = commune or former
            yield place
            if current and self._own:
                yield f"{place} xa {self._own}"
            if commune:
                yield f"{place} xa {commune}"
                yield f"{place} {commune}"

    def resolve(self, text: str) -> Village | Ambiguous | Unknown:
        """The one thôn `text` names, or the several, or none."""
        place, commune = _parts(text)
        found = self._index.get(f"{place} xa {commune}" if commune else place, {})
        villages = tuple(self.all[i] for i in found)
        if len(villages) == 1:
            return villages[0]
        return Ambiguous(text, villages) if villages else Unknown(text, self._near(place))

    def within(self, text: str) -> Village | None:
        """The one thôn that is named somewhere in a message, with its kind ("thôn Suối Trên") or by a longer name."""
        said = f" {fold(text)} "
        named: dict[int, int] = {}
        for alias, villages in self._index.items():
            with_kind = any(f" {kind} {alias} " in said for kind in ("thon", "ban", "xom", "khu", "to", "lang"))
            if len(villages) == 1 and (with_kind or (" " in alias and f" {alias} " in said)):
                at = next(iter(villages))
                named[at] = max(named.get(at, 0), len(alias))
        longest = max(named.values(), default=0)
        found = [at for at, length in named.items() if length == longest]
        return self.all[found[0]] if len(found) == 1 else None

    def _near(self, place: str) -> tuple[Village, ...]:
        if not place:
            return ()
        near = process.extract(place, list(self._index), limit=5, score_cutoff=75)
        return tuple({i: self.all[i] for alias, _, _ in near for i in self._index[alias]}.values())[:3]


def _parts(text: str) -> tuple[str, str]:
    """A written place as (thôn, commune), both folded and without their kind: "Thôn 02, xã Đông cũ" is ("2", "dong").

    A huyện or tỉnh written after it is history and is dropped.
    """
    words = _ABOVE.sub("", fold(text))
    place, _, commune = re.sub(r"\s(xa|phuong|thi tran|x)\s", "\0", words, count=1).partition("\0")
    place = _KIND.sub("", place.removesuffix(" cu"))
    return re.sub(r"\b0+(?=\d)", "", place), _commune_key(commune)


def _commune_key(text: str) -> str:
    return _COMMUNE.sub("", fold(text).removeprefix("ubnd ")).removesuffix(" cu")


def _labels(villages: tuple[Village, ...], commune: str) -> list[str | None]:
    """A name for each thôn that finds it alone: its own, or with its former commune, or the present one; else None."""
    places = Villages(villages, commune)
    labels: list[str | None] = []
    for village in villages:
        former = village.former_commune
        longer = (f"{village.name} ({former} cũ)",) if former else ()
        tries = (village.name, *longer, f"{village.name} ({commune})")
        labels.append(next((name for name in tries if places.resolve(name) is village), None))
    return labels


# The file -------------------------------------------------------------------------------------------------------------


def load(path: Path) -> Commune:
    """The commune of `path`. Raises BadCommune with every problem of the file."""
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise BadCommune([f"{path}: chưa có tệp này; xin chạy init trước"]) from None
    except UnicodeDecodeError:
        raise BadCommune([f"{path}: tệp cần lưu bằng bảng mã UTF-8"]) from None
    except tomllib.TOMLDecodeError as error:
        where = re.search(r"line (\d+)", str(error))
        raise BadCommune([f"{path}: sai cách viết" + (f" ở dòng {where[1]}" if where else "")]) from None
    try:
        return Commune.model_validate(values)
    except ValidationError as error:
        raise BadCommune(explain(error)) from None
