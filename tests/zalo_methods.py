"""What each call of Zalo's APIs does to the world of the stand-in, and what it refuses: limits as Zalo's papers say.

The OpenAPI and the business API (template messages by phone) each have a table of errors of their own: what is wrong
with a template's parameters is -201 or -210 on the one, one of -111 … -1124 on the other.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.zalo_world import OPEN_PLANS, Button, File, Message, OfficialAccount, Refusal, Template, User

MOST_TEXT, MOST_BUTTONS, MOST_TITLE, MOST_PAYLOAD, MOST_SMS, MOST_TRACKING = 2000, 5, 100, 1000, 160, 48
MOST_HISTORY = 10
MEGABYTE = 1_000_000
"""Whether Zalo counts 1,024 is not known: the smaller is within both."""
UPLOADS = {
    "image": (MEGABYTE, (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")),
    "gif": (5 * MEGABYTE, (b"GIF87a", b"GIF89a")),
    "file": (5 * MEGABYTE, (b"%PDF-", b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")),
}
"""Longest, and how it begins: pictures, moving ones, and PDF, DOCX, DOC."""
ICONS = (":>--b", "-:((", "/-strong", "/-heart", "-h:o", "/-remove")
Json = dict[str, Any]


@dataclass(frozen=True)
class Request:
    """One call. host: oauth, openapi or business; body: JSON or form, of a GET its query (`data` as it was read)."""

    host: str
    verb: str
    path: str
    headers: dict[str, str]
    body: Json
    files: dict[str, tuple[str, bytes]] = field(default_factory=dict)

    @property
    def about(self) -> list[str]:
        """Whom it is about: id, phone."""
        recipient = self.body.get("recipient")
        recipient = recipient if isinstance(recipient, dict) else {}
        found = (recipient.get("user_id"), self.body.get("user_id"), self.body.get("phone"))
        return [each for each in found if isinstance(each, str)]


# --- what a message must be like ---


def _words(value: Any, most: int, what: str, *, needed: bool = True) -> str:
    """A string of at most so many code points."""
    if (value is None or value == "") and not needed:
        return ""
    if not isinstance(value, str) or not value.strip():
        raise Refusal(-201, f"{what} is invalid")
    if len(value) > most:
        raise Refusal(-210, f"{what} exceeds {most} characters")
    return value


def _part(value: Any, what: str, keys: str = "") -> Json:
    """An object, with no other keys than these."""
    if not isinstance(value, dict) or (keys and not set(value) <= set(keys.split())):
        raise Refusal(-201, f"{what} is invalid")
    return value


def _several(value: Any, most: int, what: str) -> list[Any]:
    if not isinstance(value, list) or not value:
        raise Refusal(-201, f"{what} is invalid")
    if len(value) > most:
        raise Refusal(-210, f"{what} exceeds {most}")
    return value


def _url(value: Any, what: str) -> str:
    if not isinstance(value, str) or not re.match(r"https?://[^\s/]+", value):
        raise Refusal(-201, f"{what} is invalid")
    return value


def _action(kind: Any, payload: Any) -> str:
    """The payload of a button or of an element's action: what it carries."""
    match kind:
        case "oa.query.show" | "oa.query.hide":
            return _words(payload, MOST_PAYLOAD, "button payload")
        case "oa.open.url":
            return _url(payload.get("url") if isinstance(payload, dict) else None, "button url")
        case "oa.open.phone":
            return _phone_code(_part(payload, "button payload"))
        case "oa.open.sms":
            _words(_part(payload, "button payload").get("content"), MOST_SMS, "sms content")
            return _phone_code(payload)
    raise Refusal(-201, "button type is invalid")


def _phone_code(payload: Json) -> str:
    phone = payload.get("phone_code")
    if not isinstance(phone, str) or not re.fullmatch(r"84\d{7,11}", phone):
        raise Refusal(-201, "phone_code is invalid")
    return phone


def _button(value: Any) -> Button:
    each = _part(value, "button", "title type payload image_icon")
    title = _words(each.get("title"), MOST_TITLE, "button title")
    return Button(title, str(each.get("type")), _action(each.get("type"), each.get("payload")))


@dataclass
class _Draft:
    kind: str = "text"
    buttons: tuple[Button, ...] = ()
    attachment: Json = field(default_factory=dict)
    file: File | None = None


def _attached(oa: OfficialAccount, attachment: Any) -> _Draft:
    """A file, or one of the templates media, list, request_user_info, or buttons."""
    payload = _part(_part(attachment, "attachment", "type payload").get("payload"), "payload")
    if attachment.get("type") == "file":
        file = oa.uploaded(payload.get("token"), "file")
        return _Draft("file", attachment={"type": "file", "payload": {"name": file.name}}, file=file)
    if attachment.get("type") != "template":
        raise Refusal(-233, "Message type is not supported")
    match payload.get("template_type", "button"):
        case "media":
            return _media(oa, payload)
        case "list":
            return _list(payload)
        case "request_user_info":
            return _request_info(payload)
        case "button":
            return _Draft(buttons=tuple(_button(each) for each in _several(payload.get("buttons"), MOST_BUTTONS, "b")))
    raise Refusal(-233, "Message type is not supported")


def _media(oa: OfficialAccount, payload: Json) -> _Draft:
    (element,) = _several(payload.get("elements"), 1, "elements")
    kind = _part(element, "element", "media_type url attachment_id width height").get("media_type")
    if kind not in ("image", "gif", "sticker") or ("url" in element) == ("attachment_id" in element):
        raise Refusal(-201, "element needs a media_type and either url or attachment_id")
    if kind == "gif" and not (isinstance(element.get("width"), int) and isinstance(element.get("height"), int)):
        raise Refusal(-201, "width and height are required")
    if "url" in element:
        return _Draft(kind, attachment={"type": kind, "payload": {"url": _url(element["url"], "url")}})
    if kind == "sticker":
        return _Draft(kind, attachment={"type": kind, "payload": {"id": _words(element["attachment_id"], 100, "id")}})
    file = oa.uploaded(element["attachment_id"], kind)
    return _Draft(kind, attachment={"type": kind, "payload": {"url": f"{oa.media_url}/{file.id}"}}, file=file)


def _list(payload: Json) -> _Draft:
    elements = _several(payload.get("elements"), MOST_BUTTONS, "elements")
    for at, each in enumerate(elements):
        _words(_part(each, "element").get("title"), MOST_TITLE, "title")
        _words(each.get("subtitle"), MOST_PAYLOAD, "subtitle", needed=at == 0)
        if "default_action" in each:
            action = _part(each["default_action"], "default_action")
            _action(action.get("type"), {"url": action.get("url")} if "url" in action else action.get("payload"))
    buttons = tuple(_button(each) for each in payload.get("buttons") or [])
    return _Draft("list", buttons, {"type": "template", "payload": {"elements": elements}})


def _request_info(payload: Json) -> _Draft:
    (element,) = _several(payload.get("elements"), 1, "elements")
    for name in ("title", "subtitle"):
        _words(_part(element, "element", "title subtitle image_url").get(name), MOST_TITLE, name)
    _url(element.get("image_url"), "image_url")
    return _Draft("template", attachment={"type": "template", "payload": {"elements": [element]}})


# --- consultation messages ---


def _send_v3(oa: OfficialAccount, request: Request) -> Json:
    if oa.send_path != "v3":
        raise Refusal(-235, "This API does not support this type of OA")
    return _send(oa, request)


def _send_v2(oa: OfficialAccount, request: Request) -> Json:
    if "sender_action" in request.body:  # a reaction: this path is current for every account
        return _react(oa, request)
    if oa.send_path != "v2":
        raise Refusal(-240, "Message API v2 has been shut down")
    return _send(oa, request)


def _send(oa: OfficialAccount, request: Request) -> Json:
    user = oa.person(_part(request.body.get("recipient"), "recipient", "user_id").get("user_id"))
    body = _part(request.body.get("message"), "message", "text attachment quote_message_id")
    draft = _attached(oa, body["attachment"]) if "attachment" in body else _Draft()
    text = _words(body.get("text"), MOST_TEXT, "text", needed=draft.kind == "text")
    quotes = body.get("quote_message_id", "")
    if quotes and quotes not in [each.id for each in user.chat.messages]:
        raise Refusal(-201, "quote_message_id is invalid")
    quota_type, price = oa.opens_window(user)
    message = Message(
        oa.new_id(), user, oa.ms(), "api", draft.kind, text, draft.buttons, draft.attachment, draft.file, quotes,
        quota_type, price, request=request.body,
    )  # fmt: skip
    return _receipt(oa, oa.sends(message))


def _receipt(oa: OfficialAccount, message: Message) -> Json:
    plan = message.quota_type == "sub_quota"
    quota = {"quota_type": message.quota_type, "owner_type": "OA", "owner_id": oa.id}
    quota |= {"remain": str(oa.included), "total": str(oa.most_included)} if plan else {}
    return {"message_id": message.id, "user_id": message.user.id, "sent_time": str(message.at), "quota": quota}


def _react(oa: OfficialAccount, request: Request) -> Json:
    user = oa.person(_part(request.body.get("recipient"), "recipient", "user_id").get("user_id"))
    action = _part(request.body["sender_action"], "sender_action", "react_icon react_message_id")
    named, icon = action.get("react_message_id"), action.get("react_icon")
    if icon not in ICONS or named not in [each.id for each in user.chat.messages]:
        raise Refusal(-201, "react_icon or react_message_id is invalid")
    user.chat.reactions.append((str(named), str(icon)))
    return {"message_id": oa.new_id(), "user_id": user.id}


def _upload(kind: str) -> Callable[[OfficialAccount, Request], Json]:
    def upload(oa: OfficialAccount, request: Request) -> Json:
        most, beginnings = UPLOADS[kind]
        name, raw = request.files.get("file", ("", b""))
        if not raw.startswith(beginnings):
            raise Refusal(-201, "file is invalid")
        if len(raw) > most:
            raise Refusal(-210, f"file exceeds {most} bytes")
        if not oa.uploads_left:
            raise Refusal(-211, "Out of quota")
        oa.uploads_left -= 1
        return {"token" if kind == "file" else "attachment_id": oa.keep(kind, raw, name).id}

    return upload


# --- template messages ---


def _template(oa: OfficialAccount, body: Json) -> Template:
    template = oa.templates.get(str(body.get("template_id")))
    if template is None:
        raise Refusal(-109, "Template is invalid")
    if template.status != "ENABLE" and body.get("mode") != "development":
        raise Refusal(-131, "Template is not approved")
    return template


def _check_data(template: Template, data: Any) -> Json:
    """Declared parameters only, all that are required, none too long."""
    if not isinstance(data, dict) or not data:
        raise Refusal(-111, "Template data is empty")
    for name, value in data.items():
        if name not in template.params:
            raise Refusal(-112, f"Parameter {name} is not defined")
        kind, most = template.params[name]
        if not isinstance(value, str) or (kind == "DATE" and not re.fullmatch(r"(\d\d:\d\d )?\d\d/\d\d/\d{4}", value)):
            raise Refusal(-1124, f"Parameter {name} has the wrong format")
        if len(value) > most:
            raise Refusal(-1121, f"Parameter {name} exceeds {most} characters")
    for name in template.params:
        if not data.get(name) and name not in template.optional:
            raise Refusal(-1122, f"Parameter {name} is missing")
    return data


def _at_night(oa: OfficialAccount) -> bool:
    return oa.night and not 6 <= (oa.now() / 3600 + 7) % 24 < 22


def _notice(oa: OfficialAccount, user: User, template: Template, data: Json, request: Request) -> Message:
    message = Message(oa.new_id(), user, oa.ms(), "api", "template", template.words(data), request=request.body)
    message.template, message.data, message.quota_type = template.id, data, "purchase_quota"
    user.notices.append(message)
    return message


_AS_OPENAPI = {-109: -201, -111: -201, -112: -201, -1122: -201, -1124: -201, -1121: -210, -131: -201}


def _send_by_uid(oa: OfficialAccount, request: Request) -> Json:
    user = oa.person(_part(request.body, "body", "user_id template_id template_data").get("user_id"))
    try:
        template = _template(oa, request.body)
        data = _check_data(template, request.body.get("template_data"))
    except Refusal as why:
        raise Refusal(_AS_OPENAPI[why.code], why.words) from None
    refusals = {
        -249: not template.by_uid, -234: _at_night(oa), -320: not oa.linked_zca, -321: oa.balance < template.price_uid,
        -227: user.gone, -217: user.blocked, -244: user.refuses_notices,
    }  # fmt: skip
    _refuse(refusals)
    message = _notice(oa, user, template, data, request)
    message.price = template.price_uid
    return _receipt(oa, oa.sends(message))


def _send_by_phone(oa: OfficialAccount, request: Request) -> Json:
    body = request.body
    template, development = _template(oa, body), body.get("mode") == "development"
    data = _check_data(template, body.get("template_data"))
    tracking, phone = body.get("tracking_id"), str(body.get("phone")).removeprefix("+")
    formal = {
        -108: not re.fullmatch(r"84\d{9}", phone), -132: not isinstance(tracking, str) or not tracking,
        -130: len(str(tracking)) > MOST_TRACKING, -122: body.get("sending_mode", "1") != "1",
        -127: development and phone not in oa.admin_phones, -133: _at_night(oa), -136: not oa.linked_zca,
        -115: not development and oa.balance < template.price_sdt, -144: not oa.daily_left,
    }  # fmt: skip
    _refuse(formal)
    user = oa.by_phone(phone)
    _refuse({-114: user.gone, -141: user.blocked or user.refuses_notices})
    message = _notice(oa, user, template, data, request)
    message.phone, message.tracking_id = phone, str(tracking)
    message.price = 0 if development else template.price_sdt
    oa.daily_left -= 1
    oa.pays(message)
    user.gets(message)
    quota = _phone_quota(oa, request)
    return {"msg_id": message.id, "sent_time": str(message.at), "sending_mode": "1", "quota": quota}


def _refuse(reasons: dict[int, bool]) -> None:
    """Raises the first that is so."""
    for code, so in reasons.items():
        if so:
            raise Refusal(code)


def _phone_quota(oa: OfficialAccount, request: Request) -> Json:
    return {"dailyQuota": str(oa.daily_quota), "remainingQuota": str(oa.daily_left)}


def _status(oa: OfficialAccount, request: Request) -> Json:
    wanted = request.body.get("message_id")
    message = next((each for each in oa.sent if each.id == wanted and each.phone), None)
    if message is None:
        return {"status": -1, "message": "The message does not exist"}
    if not message.received_at:
        return {"status": 0, "message": "The message was pushed"}
    return {"status": 1, "message": "The message was delivered", "delivery_time": str(message.received_at)}


def _template_info(oa: OfficialAccount, request: Request) -> Json:
    template = oa.templates.get(str(request.body.get("template_id")))
    if template is None:
        raise Refusal(-109, "Template is invalid")
    params = [
        {"name": name, "require": name not in template.optional, "type": kind, "maxLength": most}
        for name, (kind, most) in template.params.items()
    ]
    prices = {"price_sdt": template.price_sdt, "price_uid": template.price_uid}
    about = {"templateId": template.id, "templateName": template.name, "status": template.status}
    return about | {"listParams": params} | prices


def _templates(oa: OfficialAccount, request: Request) -> list[Json]:
    offset, limit = int(request.body.get("offset", -1)), int(request.body.get("limit", 0))
    _refuse({-132: offset < 0 or not 1 <= limit <= 100})
    found = list(oa.templates.values())[offset : offset + limit]
    return [{"templateId": each.id, "templateName": each.name, "status": each.status} for each in found]


# --- the account and its people ---


def _get_oa(oa: OfficialAccount, request: Request) -> Json:
    about = {"oaid": oa.id, "name": oa.name, "is_verified": oa.verified, "oa_type": oa.type}
    about |= {"cate_name": "Cơ quan nhà nước", "num_follower": sum(each.follower for each in oa.users.values())}
    about |= {"package_name": oa.plan, "package_valid_through_date": oa.valid_until}
    return about | {"package_auto_renew_date": "", "linked_ZCA": oa.linked_zca}


def _user_detail(oa: OfficialAccount, request: Request) -> Json:
    user = oa.person(request.body.get("user_id"))
    body: Json = {"user_id": user.id, "user_id_by_app": user.by_app, "user_external_id": "", "display_name": user.name}
    body |= {"user_alias": user.name, "user_is_follower": user.follower, "is_sensitive": False, "avatar": ""}
    return body | {"tags_and_notes_info": {"notes": [], "tag_names": []}, "shared_info": user.shared}


def _forget(oa: OfficialAccount, request: Request) -> Json:
    oa.person(request.body.get("user_id")).shared = {}
    return {}


def _page(request: Request, found: list[Message]) -> list[Json]:
    """Newest first."""
    offset, count = request.body.get("offset"), request.body.get("count")
    if not isinstance(offset, int) or not isinstance(count, int) or offset < 0 or count < 1:
        raise Refusal(-201, "offset or count is invalid")
    if count > MOST_HISTORY:
        raise Refusal(-210, f"count exceeds {MOST_HISTORY}")
    newest = sorted(found, key=lambda message: -message.at)
    return [each.history() for each in newest[offset : offset + count]]


def _conversation(oa: OfficialAccount, request: Request) -> list[Json]:
    return _page(request, oa.person(request.body.get("user_id")).chat.messages)


def _recent(oa: OfficialAccount, request: Request) -> list[Json]:
    return _page(request, [user.chat.messages[-1] for user in oa.users.values() if user.chat.messages])


def _quota(oa: OfficialAccount, request: Request) -> Any:
    if "user_id" in request.body:
        user = oa.person(request.body["user_id"])
        return {"last_interaction": str(int((user.last or 0) * 1000)), "cs_reply": {"remain": 0, "total": 0}}
    left = {"total": str(oa.most_included), "remain": str(oa.included), "valid_through": oa.valid_until}
    return [left | {"asset_id": "1", "product_type": "cs", "quota_type": "sub_quota"}]


def open_to(oa: OfficialAccount) -> None:
    """Raises Refusal when the account's plan does not include the API."""
    if oa.plan not in OPEN_PLANS:
        raise Refusal(-224, "OA must upgrade its package to use this API")


def read_data(raw: str) -> Json:
    """The query parameter `data` of a GET."""
    try:
        return _part(json.loads(raw), "data")
    except ValueError:
        raise Refusal(-201, "data is invalid") from None


METHODS: dict[tuple[str, str, str], Callable[[OfficialAccount, Request], Any]] = {
    ("openapi", "POST", "/v3.0/oa/message/cs"): _send_v3,
    ("openapi", "POST", "/v2.0/oa/message"): _send_v2,
    ("openapi", "POST", "/v3.0/oa/message/template"): _send_by_uid,
    ("openapi", "POST", "/v2.0/oa/upload/image"): _upload("image"),
    ("openapi", "POST", "/v2.0/oa/upload/gif"): _upload("gif"),
    ("openapi", "POST", "/v2.0/oa/upload/file"): _upload("file"),
    ("openapi", "GET", "/v2.0/oa/getoa"): _get_oa,
    ("openapi", "GET", "/v3.0/oa/user/detail"): _user_detail,
    ("openapi", "POST", "/v2.0/oa/deletefollowerinfo"): _forget,
    ("openapi", "GET", "/v2.0/oa/conversation"): _conversation,
    ("openapi", "GET", "/v2.0/oa/listrecentchat"): _recent,
    ("openapi", "POST", "/v3.0/oa/quota/message"): _quota,
    ("business", "POST", "/message/template"): _send_by_phone,
    ("business", "GET", "/message/status"): _status,
    ("business", "GET", "/message/quota"): _phone_quota,
    ("business", "GET", "/template/info/v2"): _template_info,
    ("business", "GET", "/template/all"): _templates,
}
