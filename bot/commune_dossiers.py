"""What commune.toml says of dossiers, letters and quiet days: [dossiers], [letters], [quiet].

What the law or the province decides here was read in older texts or nowhere, so it is dated, has its source, and stays
marked `needs_checking` until somebody has looked.
"""

import re
from collections.abc import Mapping
from datetime import date, time
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

Occasion = Literal["marriage", "birth", "death"]
_OCCASIONS: dict[str, Occasion] = {"1.000894": "marriage", "1.001193": "birth", "1.000656": "death"}


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class DossierTerms(_Part):
    """How a dossier's time is kept, and who is told when.

    warn_days: working days before the due date at which the officer in charge is warned; with the last of them the head
    is told, too. apology_before_days, postponements: until when before the due date an apology has to be out, and how
    often a date may be moved. late_hour: from when on a dossier is received the next working day. trust_ready: the file
    alone says that a result lies at the counter; else a clerk ticks it (L19). reminder_days: working days after which
    whoever has not collected is reminded once. fresh_days: days after its reception a dossier that is new in the file
    is news; an older one is history. stuck_days: working days without a step after which a dossier counts as stuck.
    summary_at: when the morning summary comes. quick_days: days on which results are returned quickly (A15).
    """

    warn_days: tuple[Annotated[int, Field(ge=0, le=30)], ...] = (3, 1)
    apology_before_days: int = Field(default=1, ge=0, le=10)
    postponements: int = Field(default=1, ge=0, le=5)
    late_hour: time = time(15)
    trust_ready: bool = False
    reminder_days: int = Field(default=10, ge=1, le=60)
    fresh_days: int = Field(default=3, ge=0, le=60)
    stuck_days: int = Field(default=10, ge=1, le=120)
    summary_at: time = time(7, 15)
    quick_days: tuple[date, ...] = ()
    since: date = date(2025, 7, 1)
    source: str = "NĐ 118/2025/NĐ-CP; số ngày và số lần xin lỗi theo NĐ 61/2018/NĐ-CP, Điều 19, chưa đối chiếu bản mới"
    needs_checking: bool = True


class LetterTerms(_Part):
    """Letters with approval. occasions: which procedure codes propose which letter, nothing else does (L24).

    answer_hours: opening hours within which an approval is expected; then it is asked of whoever stands in.
    leaflet: a gentle leaflet on nếp sống văn minh goes with a condolence (L23). faith: wording by faith may be chosen.
    """

    occasions: Mapping[str, Occasion] = Field(default_factory=lambda: dict(_OCCASIONS))
    answer_hours: int = Field(default=8, ge=1, le=80)
    leaflet: bool = False
    source: str = "danh mục thủ tục hộ tịch; xin đối chiếu quyết định công bố của tỉnh"
    needs_checking: bool = True


def _feast_day(value: Any) -> str:
    """A day of every year as dd-mm, or one day."""
    said = value.isoformat() if isinstance(value, date) else str(value)
    found = re.fullmatch(r"(\d\d)-(\d\d)", said)
    try:
        date.fromisoformat(f"2028-{found[2]}-{found[1]}" if found else said)
    except ValueError:
        raise ValueError('cần ngày dạng "02-09" (ngày-tháng) hoặc 2026-11-18') from None
    return said


FeastDay = Annotated[str, BeforeValidator(_feast_day)]
_DayOfMonth = Annotated[int, Field(ge=1, le=30)]


class QuietDays(_Part):
    """Days on which only emergencies, the greeting and answers to her own questions go out (L26).

    from_lunar, to_lunar: (day, month) of the lunar year around Tết; feast_days: further days, of any year ("02-09" is
    the second of September) or of one (2026-11-18); mourning: quốc tang, or a disaster in the commune.
    """

    from_lunar: tuple[_DayOfMonth, Annotated[int, Field(ge=11, le=12)]] = (28, 12)
    to_lunar: tuple[_DayOfMonth, Annotated[int, Field(ge=1, le=2)]] = (5, 1)
    feast_days: tuple[FeastDay, ...] = ("01-01", "30-04", "01-05", "02-09")
    mourning: tuple[date, ...] = ()
