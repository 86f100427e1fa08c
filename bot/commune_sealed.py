"""What commune.toml says of what is sealed: [sealed]. Days and texts are dated and marked until somebody has looked."""

from datetime import date

from pydantic import BaseModel, ConfigDict, Field


class SealedTerms(BaseModel):
    """Where what concerns the Chairman goes, when readers are reminded, and how long what is settled is kept.

    province: the address of the Chairman of the province; empty: it is named without one. remind_days: working days
    after which readers are told how many wait. told_day: the one after which she is told that nobody has read it.
    keep_days: after it was settled. home_source: by which text the commune itself must receive reports of violence at
    home.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    province: str = ""
    remind_days: tuple[int, ...] = (1, 3, 5)
    told_day: int = Field(default=7, ge=1, le=30)
    keep_days: int = Field(default=1825, ge=30)
    home_source: str = "Luật 13/2022/QH15, Điều 19"
    since: date = date(2026, 7, 1)
    source: str = "Luật Tố cáo 2018, Luật Phòng, chống bạo lực gia đình 2022; chưa đối chiếu với văn bản mới nhất"
    needs_checking: bool = True
