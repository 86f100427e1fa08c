"""What commune.toml says of Zalo, [zalo]: windows, quotas, prices, the month's budget, and the approved templates.

Zalo changes these by notice, and a state agency's own terms are confirmed by nobody yet. So each is a setting with its
date and source, marked `needs_checking` until somebody has seen it on the real Official Account. Nothing is paid for
until the commune itself sets a budget.
"""

from collections.abc import Mapping
from datetime import date, time
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from bot.zalo_assumptions import Question
from bot.zalo_templates import problems

Price = Annotated[int, Field(ge=0, le=1_000_000)]
"""In đồng."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Template(_Part):
    """One approved template. `parameters`: its own names, and which field of our notice fills each.

    `by_uid`: created after 10/12/2025 and of a kind that may be sent by user id (else Zalo answers -249).
    """

    id: Annotated[str, Field(min_length=1, max_length=40)]
    parameters: Mapping[str, str] = Field(default_factory=dict)
    by_uid: bool = True
    by_phone: bool = True
    price_uid: Price = 140
    price_phone: Price = 200
    approved_on: date | None = None
    needs_checking: bool = True


class Hours(_Part):
    """From `opens` up to, not with, `closes`, in Vietnamese time."""

    opens: time
    closes: time

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.opens >= self.closes:
            raise ValueError("giờ mở phải trước giờ đóng")
        return self


class ZaloTerms(_Part):
    """The terms of the commune's Official Account.

    free_hours: how long after her last message words are free; chat_days: until when they are possible at all, first
    from `plan_messages` a month, then for `chat_price` each. delivered_hours: how long a template may remain without
    word of delivery before the next way is tried. development: templates go to the account's administrators only.
    takeover_minutes: how long the assistant keeps silent after an official has written by hand in OA Manager.
    silent_days: working days without any event after which somebody should look whether the webhook is still on.
    grant_days: how long after its last renewal our grant lasts. confirmed: what of `bot.zalo_assumptions` somebody has
    seen on the real account, and when.
    """

    requests_per_minute: int = Field(default=100, ge=1, le=4000)
    free_hours: int = Field(default=48, ge=0)
    chat_days: int = Field(default=7, ge=0)
    plan_messages: int = Field(default=500, ge=0)
    chat_price: Price = 55
    monthly_budget: int = Field(default=0, ge=0)
    delivered_hours: int = Field(default=24, ge=1, le=240)
    template_hours: Hours = Hours(opens=time(6), closes=time(22))
    notice_hours: Hours = Hours(opens=time(7), closes=time(21))
    send_path: Literal["auto", "v3_cs", "v2_message"] = "auto"
    development: bool = False
    takeover_minutes: int = Field(default=60, ge=1, le=1440)
    silent_days: int = Field(default=3, ge=1, le=30)
    grant_days: int = Field(default=90, ge=1)
    templates: Mapping[str, Template] = Field(default_factory=dict)
    confirmed: Mapping[Question, date] = Field(default_factory=dict)
    since: date = date(2026, 6, 1)
    source: str = "bảng giá Zalo OA từ 01/06/2026, chưa xác nhận với OA của xã"
    needs_checking: bool = True

    @model_validator(mode="after")
    def _known_fields(self) -> Self:
        wrong = [each for name, one in self.templates.items() for each in problems(name, one.parameters)]
        if wrong:
            raise ValueError("\n".join(wrong))
        return self
