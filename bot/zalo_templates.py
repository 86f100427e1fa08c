"""Our notices as approved templates: which fields each notice has, how long each may be, and the request's data.

The wording of a template is approved by Zalo beforehand; only parameters are free, each with a limit by its type (ZBS:
name 30, phone 15, address 200, code 30, label 30, status 30, date 20, URL 200). Which approved template belongs to
which notice stands in commune.toml, [zalo.templates.<notice>]. Lengths are counted in code points after NFC, because
decomposed Vietnamese counts longer.

No notice has a procedure's name: on a locked screen it would tell about a family (L05).
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from messages.fold import nfc

if TYPE_CHECKING:
    from bot.commune_zalo import Template

LIMITS: Mapping[str, int] = MappingProxyType(
    {"name": 30, "phone": 15, "address": 200, "code": 30, "label": 30, "status": 30, "date": 20, "url": 200}
)
"""Code points by type of parameter (developers.zalo.me, ZBS templates)."""
FIELDS: Mapping[str, str] = MappingProxyType(
    {
        "name": "name", "code": "code", "status": "status", "place": "address", "day": "date", "new_day": "date",
        "papers": "address", "fee": "label", "phone": "phone", "page": "url", "commune": "label",
    }
)  # fmt: skip
"""Every field of our notices, and its type."""
_ALWAYS = frozenset({"name", "code", "phone", "page", "commune"})
NOTICES: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "dossier-received": _ALWAYS | {"day", "place"},
        "papers-needed": _ALWAYS | {"papers", "place"},
        "fee-due": _ALWAYS | {"fee", "place", "day"},
        "result-ready": _ALWAYS | {"place", "day"},
        "dossier-returned": _ALWAYS | {"place"},
        "dossier-late": _ALWAYS | {"day", "new_day"},
        "dossier-missed": _ALWAYS | {"day", "place"},
        "dossier-changed": _ALWAYS | {"status"},
    }
)
"""Which fields each notice can fill."""
CUT = frozenset({"address", "label", "status"})
"""Types that may be shortened; a name, a code, a date or an address of a page that is cut is a wrong one."""
TRACKING = 48


class Unfit(Exception):
    """A template cannot be filled with this notice: Zalo would refuse it, or it would say something wrong."""

    def __init__(self, parameter: str, why: str) -> None:
        super().__init__(f"{parameter}: {why}")
        self.parameter, self.why = parameter, why


def data(template: "Template", values: Mapping[str, str]) -> dict[str, str]:
    """`template_data` of a request: each parameter with its value, NFC, on one line, within its limit; raises Unfit."""
    return {parameter: _fitted(parameter, field, values.get(field, "")) for parameter, field in
            template.parameters.items()}  # fmt: skip


def _fitted(parameter: str, field: str, value: str) -> str:
    kind = FIELDS[field]
    words, most = " ".join(nfc(value).split()), LIMITS[kind]
    if not words:
        raise Unfit(parameter, "empty")
    if len(words) <= most:
        return words
    if kind not in CUT:
        raise Unfit(parameter, f"longer than {most}")
    return words[: most - 1].rpartition(" ")[0].rstrip(" ,;.") + "…" if " " in words[: most - 1] else words[:most]


def body(
    template: "Template", by: str, values: Mapping[str, str], tracking: str, phone: str = ""
) -> dict[str, Any]:
    """The body of an outbox row that is sent as a template; `by`: "uid", or "phone" with the number as +84…."""
    made: dict[str, Any] = {"by": by, "id": template.id, "data": data(template, values), "tracking": tracking}
    if len(tracking) > TRACKING:
        raise Unfit("tracking", f"longer than {TRACKING}")
    if by == "phone":
        made["phone"] = phone.removeprefix("+")
    return {"text": "", "template": made}


def problems(notice: str, parameters: Mapping[str, str]) -> list[str]:
    """What is wrong with a template in commune.toml, each a Vietnamese sentence."""
    if notice not in NOTICES:
        return [f"không có loại tin {notice}; có: {', '.join(sorted(NOTICES))}"]
    return [
        f"tin {notice} không có mục {field} cho tham số {parameter}; có: {', '.join(sorted(NOTICES[notice]))}"
        for parameter, field in parameters.items() if field not in NOTICES[notice]
    ]  # fmt: skip
