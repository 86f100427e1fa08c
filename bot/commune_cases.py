"""What commune.toml says of cases: [cases]. The days are a habit of offices, not read in a law that binds a commune, so
they are dated and marked until somebody has looked (domain 3.4).
"""

from collections.abc import Mapping
from datetime import date

from pydantic import BaseModel, ConfigDict, Field

_DAYS = {"report": 15, "proposal": 15, "opinion": 15, "praise": 15}


class CaseTerms(BaseModel):
    """How long a case may take, who is told when, and what is asked before it ends.

    answer_days: working days until an answer, by kind. urgent_days: of one that an official has marked as pressing.
    settle_days: working days after which a result nobody has answered counts as silent. similar_days: how far back
    another report may be about the same work. surge: so many cases within ten minutes are shown to officials as one
    summary. countersign: the Chairman looks at a refusal before she is told. owners: offices and firms that are
    responsible for what the commune is not, as people call them; the phone belongs to the name ("Điện lực: 1900 …").
    weekly_at: weekday (1 is Monday) on which the Chairman gets the week's picture.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    answer_days: Mapping[str, int] = Field(default_factory=lambda: dict(_DAYS))
    urgent_days: int = Field(default=1, ge=1, le=15)
    settle_days: int = Field(default=5, ge=1, le=60)
    similar_days: int = Field(default=30, ge=1, le=365)
    surge: int = Field(default=20, ge=2, le=1000)
    countersign: bool = False
    owners: tuple[str, ...] = ()
    weekly_at: int = Field(default=1, ge=1, le=7)
    since: date = date(2026, 7, 1)
    source: str = "NĐ 20/2008, 48/2013, 92/2017 về phản ánh, kiến nghị; số ngày chưa đối chiếu với quy định của tỉnh"
    needs_checking: bool = True

    def days(self, kind: str, *, urgent: bool = False) -> int:
        """Working days until an answer."""
        usual = self.answer_days.get(kind, _DAYS[kind])
        return min(usual, self.urgent_days) if urgent else usual
