"""What a one-stop system says to us and we answer, as models, and the OpenAPI document made of them (`bot.api`).

One declaration reads the calls and is published at GET /api/openapi.json, so the document cannot lie. Its words are
Vietnamese and written here: its reader mends another system.
"""

import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from bot import dossier_file as columns

MOST_ROWS = 1000
BODY_BYTES = 2_000_000
KEY = re.compile(r"[\x21-\x7e]{1,200}")
NAME = re.compile(r"[a-z0-9][a-z0-9-]{1,39}")


# --- what is said -----------------------------------------------------------------------------------------------------


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True)


Words = Annotated[str, Field(max_length=columns.LONGEST)] | None


class DossierRow(_Part):
    """Một hồ sơ. Trường không gửi giữ nguyên giá trị đang có; null hoặc chuỗi rỗng là xóa trống."""

    code: Annotated[str, Field(min_length=1, max_length=64, description="Mã hồ sơ")]
    status: Annotated[
        Annotated[int, Field(ge=1, le=10)] | Annotated[str, Field(min_length=1, max_length=100)],
        Field(description="Trạng thái: số 1–10, hoặc tên trạng thái"),
    ]
    procedure_code: Annotated[Words, Field(description="Mã thủ tục")] = None
    procedure_name: Annotated[Words, Field(description="Tên thủ tục")] = None
    applicant: Annotated[Words, Field(description="Người nộp")] = None
    phone: Annotated[Words, Field(description="Số điện thoại")] = None
    received_at: Annotated[Words, Field(description="Ngày tiếp nhận: ISO 8601, hoặc 27/11/2026 16:30")] = None
    due_at: Annotated[Words, Field(description="Ngày hẹn trả, viết như ngày tiếp nhận")] = None
    village: Annotated[Words, Field(description="Thôn")] = None
    officer: Annotated[Words, Field(description="Cán bộ đang giữ hồ sơ")] = None
    place: Annotated[Words, Field(description="Nơi trả kết quả")] = None
    note: Annotated[Words, Field(description="Ghi chú, ví dụ giấy tờ còn thiếu")] = None


class Delivery(_Part):
    """Thân của lời gọi."""

    data_as_of: Annotated[AwareDatetime, Field(description="Số liệu đến lúc nào (ISO 8601, có múi giờ)")]
    dossiers: Annotated[list[DossierRow], Field(min_length=1, max_length=MOST_ROWS)]


class Remark(_Part):
    """Điều phải báo lại về một dòng: số thứ tự trong mảng (từ 0), trường, lý do."""

    index: int
    field: str
    reason: str


class Receipt(_Part):
    """Kết quả: số hồ sơ mới, thay đổi, giữ nguyên, không nhận; lý do từng dòng. remarks: dòng vẫn nhận."""

    new: int
    changed: int
    same: int
    refused: int
    refusals: tuple[Remark, ...]
    remarks: tuple[Remark, ...]


class Problem(_Part):
    """Lời gọi không nhận được, và vì sao (RFC 9457)."""

    title: str
    status: int
    detail: str
    errors: tuple[Remark, ...] = ()


FIELDS: Mapping[str, str] = {
    "code": columns.CODE, "status": columns.STATUS, "procedure_code": columns.PROCEDURE_CODE,
    "procedure_name": columns.PROCEDURE, "applicant": columns.APPLICANT, "phone": columns.PHONE,
    "received_at": columns.RECEIVED, "due_at": columns.DUE, "village": columns.VILLAGE, "officer": columns.OFFICER,
    "place": columns.PLACE, "note": columns.NOTE,
}  # fmt: skip
"""The fields of a row, and the columns of a file they are."""
FIELD_OF = {column: name for name, column in FIELDS.items()}


# --- the document -----------------------------------------------------------------------------------------------------

_HEADERS = {
    "X-System": ("Tên hệ thống, như khi tạo mã.", {"type": "string", "pattern": f"^{NAME.pattern}$"}),
    "X-Timestamp": ("Giây Unix lúc gọi; lệch không quá 5 phút.", {"type": "string", "pattern": r"^\d{1,12}$"}),
    "X-Signature": (
        'sha256= và HMAC-SHA256 (chữ thường, hệ 16) của X-Timestamp + "." + thân, với khóa là mã của hệ thống.',
        {"type": "string", "pattern": "^sha256=[0-9a-f]{64}$"},
    ),
    "Idempotency-Key": (
        "Riêng cho mỗi lời gọi. Gọi lại cùng khóa, cùng thân trong 7 ngày thì nhận lại đúng câu trả lời cũ.",
        {"type": "string", "pattern": "^[\\x21-\\x7e]{1,200}$"},
    ),
}
_WHY = {
    400: "Thân không phải JSON, hoặc thiếu Idempotency-Key", 401: "Sai chữ ký, sai giờ, hoặc hệ thống chưa có mã",
    409: "Một lần nhập khác đang chạy; gọi lại sau Retry-After giây", 413: "Thân lớn hơn 2 MB",
    415: "Không phải application/json, hoặc có nén",
    422: "Nội dung không đúng lược đồ, hoặc khóa đã dùng cho thân khác; chưa nhận hồ sơ nào",
    429: "Quá nhiều lời gọi; gọi lại sau Retry-After giây",
    500: "Lỗi của chương trình, có mã để tra; chưa nhận hồ sơ nào",
    503: "Tạm thời chưa ghi được; gọi lại sau Retry-After giây",
}  # fmt: skip


def openapi(public_url: str = "") -> dict[str, Any]:
    """The OpenAPI 3.1 document, from the models that read the calls."""
    schemas: dict[str, Any] = {}
    for model, mode in ((Delivery, "validation"), (Receipt, "serialization"), (Problem, "serialization")):
        made = model.model_json_schema(mode=mode, ref_template="#/components/schemas/{model}")  # type: ignore[arg-type]
        schemas |= made.pop("$defs", {})
        schemas[model.__name__] = made
    problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    answers: dict[str, Any] = {
        "200": {
            "description": "Đã nhận: số hồ sơ mới, thay đổi, giữ nguyên, không nhận và lý do từng dòng",
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Receipt"}}},
        }
    }
    answers |= {str(status): {"description": why, "content": problem} for status, why in _WHY.items()}
    about = (
        "Mỗi dòng là toàn bộ sự thật về một hồ sơ, như một dòng của tệp nhập; trường không gửi giữ nguyên giá trị đang "
        "có. Dòng sai không cản dòng đúng. Số liệu cũ hơn số liệu đang có của một hồ sơ thì dòng đó không nhận."
    )
    return {
        "openapi": "3.1.0",
        "info": {"title": "Gần Dân: nhận hồ sơ từ hệ thống một cửa", "version": "1", "description": about},
        "servers": [{"url": public_url or "/"}],
        "paths": {
            "/api/dossiers": {
                "post": {
                    "operationId": "deliverDossiers",
                    "summary": "Gửi hồ sơ mới và hồ sơ thay đổi",
                    "parameters": [
                        {"name": name, "in": "header", "required": True, "description": words, "schema": schema}
                        for name, (words, schema) in _HEADERS.items()
                    ],
                    "requestBody": {
                        "required": True,
                        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Delivery"}}},
                    },
                    "responses": answers,
                }
            },
            "/api/openapi.json": {
                "get": {
                    "operationId": "getDocument",
                    "summary": "Tài liệu này",
                    "responses": {"200": {"description": "OpenAPI 3.1", "content": {"application/json": {}}}},
                }
            },
        },
        "components": {"schemas": schemas},
    }
