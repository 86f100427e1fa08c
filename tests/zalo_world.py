"""The account, its citizens, chats, files and templates behind `tests.zalo_server`: what Zalo itself would know.

Where what is public about Zalo is silent, this is our guess, and no test of the bot should hang on it: a citizen who
left the account and then writes to it can be answered; a button of kind `oa.query.hide` leaves nothing in the history;
types in the history are text, photo, GIF, voice, link, sticker, location, file; `msg_id` of an event is the
`message_id` of the history; the event of a message with buttons is `oa_send_text`, that of a template
`oa_send_template`; the plan's last day is dd/mm/yyyy.
"""

import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.zalo_hook import Event, Hook

HOUR = 3600.0
FREE, PAID, UPLOAD_LIFE = 48 * HOUR, 7 * 24 * HOUR, 7 * 24 * HOUR
BUSINESS, STATE_AGENCY = 2, 4
OPEN_PLANS = ("Tăng trưởng", "Toàn diện")
"""Plans that include the OpenAPI."""
PAID_MESSAGE = 55
"""What a message after 48 hours costs when those of the plan are used up."""
_HISTORY_TYPES = {"image": "photo", "gif": "GIF", "audio": "voice", "business_card": "link"}


class Refusal(Exception):
    """An answer that is an error: Zalo's code and words, in HTTP 200 unless said otherwise."""

    def __init__(self, code: int, words: str = "", status: int = 200) -> None:
        super().__init__(f"{code} {words}")
        self.code, self.words, self.status = code, words or f"error {code}", status


@dataclass(frozen=True)
class Button:
    """What stands under a message. data: payload of a query button, else address or phone number."""

    label: str
    kind: str
    data: str = ""


@dataclass(eq=False)
class File:
    """Bytes that Zalo keeps: uploaded by the account until they expire, or sent by a citizen."""

    id: str
    kind: str
    raw: bytes
    at: float
    name: str = ""
    moved: str = ""  # it is not here but, says a redirect, there


@dataclass(eq=False)
class Message:
    """One message between the account and a citizen. by: user, api, or admin (a person in OA Manager)."""

    id: str
    user: "User"
    at: int  # ms
    by: str
    kind: str = "text"  # as in the events: text, image, gif, file, audio, location, sticker, link, list, template …
    text: str = ""
    buttons: tuple[Button, ...] = ()
    attachment: dict[str, Any] = field(default_factory=dict)
    file: File | None = None
    quotes: str = ""
    quota_type: str = ""
    price: int = 0
    template: str = ""  # id of the template
    data: dict[str, Any] = field(default_factory=dict)  # its parameters
    tracking_id: str = ""
    phone: str = ""  # sent by phone to
    received_at: int = 0
    seen: bool = False
    request: dict[str, Any] = field(default_factory=dict)  # what the bot asked for, as it came
    event: Event | None = None  # by which the bot was told of it

    def button(self, label: str) -> Button:
        """The button of that very label."""
        return next(each for each in self.buttons if each.label == label)

    def shown(self) -> dict[str, Any]:
        """As the events show it."""
        body: dict[str, Any] = {"text": self.text} if self.text else {}
        body |= {"msg_id": self.id} | ({"quote_msg_id": self.quotes} if self.quotes else {})
        return body | ({"attachments": [self.attachment]} if self.attachment else {})

    def history(self) -> dict[str, Any]:
        """As `conversation` shows it."""
        ours, hers = (self.user.oa.id, self.user.oa.name), (self.user.id, self.user.name)
        source, target = (hers, ours) if self.by == "user" else (ours, hers)
        body = {"src": int(self.by == "user"), "time": self.at, "message_id": self.id, "message": self.text}
        body |= {"type": _HISTORY_TYPES.get(self.kind, self.kind), "from_id": source[0], "to_id": target[0]}
        body |= {"from_display_name": source[1], "to_display_name": target[1], "from_avatar": "", "to_avatar": ""}
        payload = self.attachment.get("payload", {})
        if "coordinates" in payload:
            body["location"] = json.dumps(payload["coordinates"])
        return body | {key: payload[key] for key in ("url", "thumbnail", "description") if key in payload}


class Chat:
    """What one citizen and the account have said to each other."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.reactions: list[tuple[str, str]] = []  # (message id, icon) by the account

    @property
    def sent(self) -> list[Message]:
        """What the bot has sent here, in order."""
        return [each for each in self.messages if each.by == "api"]

    @property
    def texts(self) -> list[str]:
        """Their words."""
        return [each.text for each in self.sent]

    @property
    def buttons(self) -> list[str]:
        """Labels under the newest message of the bot."""
        return [each.label for each in self.sent[-1].buttons] if self.sent else []


class User:
    """A citizen: what she does reaches the bot as events. Her phone is 84…; "" for somebody not found by phone."""

    def __init__(self, oa: "OfficialAccount", user_id: str, name: str, phone: str) -> None:
        self.oa, self.id, self.name, self.phone = oa, user_id, name, phone
        self.by_app = str(10**17 + int(user_id) % 10**17)
        self.follower = self.left = self.blocked = self.gone = False
        self.refuses_notices = False  # template messages of this account
        self.online = True  # her telephone; off: nothing is delivered until `goes_online`
        self.last: float | None = None  # when she last interacted
        self.shared: dict[str, str] = {}  # what she gave of herself
        self.chat = Chat()
        self.notices: list[Message] = []  # template messages, by her id and by phone

    # --- how she stands to the account ---

    def follows(self, source: str = "qr_code") -> Event | None:
        self.follower = True
        self._interacts()
        return self.oa.tell("follow", self._follower() | {"source": source})

    def unfollows(self) -> Event | None:
        self.follower, self.left = False, True
        return self.oa.tell("unfollow", self._follower() | {"source": "oa_profile"})

    def opens_chat(self) -> Event | None:
        """Press "Nhắn tin"."""
        self._interacts()
        about = {"oa_id": self.oa.id, "user_id": self.id, "user_id_by_app": self.by_app}
        return self.oa.tell("user_click_chatnow", about)

    def withdraws(self) -> Event | None:
        """Take back her consent: her data has to be erased."""
        return self.oa.tell("user_withdraw", {"user_id": self.id, "user_id_by_app": self.by_app})

    def blocks(self, blocked: bool = True) -> None:
        """No event tells of it."""
        self.blocked = blocked

    def silent(self, hours: float) -> None:
        """Her last interaction was so long ago."""
        self.last = self.oa.now() - hours * HOUR

    # --- what she sends ---

    def says(self, text: str, quotes: Message | None = None) -> Message:
        assert text, "Zalo sends no empty message"
        return self.sends("text", text=text, quotes=quotes)

    def presses(self, label: str, of: Message | None = None) -> Message:
        """Tap the newest query button of that label, or that of a message, however old."""
        shown = [of] if of else reversed(self.chat.sent)
        button = next(each for message in shown for each in message.buttons if each.label == label)
        assert button.kind.startswith("oa.query."), "that one opens something else"
        return self.presses_payload(button.data, hidden=button.kind == "oa.query.hide")

    def presses_payload(self, payload: str, hidden: bool = True) -> Message:
        """A query button with that payload, whatever message had it."""
        return self.sends("text", text=payload, hidden=hidden)

    def sends_photo(self, raw: bytes, caption: str = "") -> Message:
        return self._sends_file("image", raw, "anh.jpg", caption)

    def sends_gif(self, raw: bytes) -> Message:
        return self._sends_file("gif", raw, "anh.gif")

    def sends_file(self, raw: bytes, name: str = "don.pdf") -> Message:
        more = {"size": str(len(raw)), "name": name, "checksum": "0" * 32, "type": name.rpartition(".")[2]}
        return self._sends_file("file", raw, name, more=more)

    def sends_voice(self, raw: bytes) -> Message:
        return self._sends_file("audio", raw, "voice.aac")

    def sends_video(self, raw: bytes) -> Message:
        return self._sends_file("video", raw, "video.mp4", more={"description": ""})

    def sends_location(self, latitude: float = 22.39, longitude: float = 103.45) -> Message:
        place = {"latitude": str(latitude), "longitude": str(longitude)}
        return self.sends("location", {"coordinates": place})

    def sends_sticker(self) -> Message:
        return self.sends("sticker", {"id": "17112", "url": f"{self.oa.media_url}/sticker"})

    def sends_link(self, url: str = "https://example.vn", description: str = "") -> Message:
        return self.sends("link", {"thumbnail": "", "description": description, "url": url})

    def sends_card(self, name: str = "Anh Ba", phone: str = "84912345678") -> Message:
        """A contact from her address book."""
        card = json.dumps({"name": name, "phone": phone}, ensure_ascii=False)
        return self.sends("business_card", {"thumbnail": "", "description": card, "url": ""})

    def submits_info(self, **given: Any) -> Event | None:
        """Fill in and send the form of a request_user_info message; keys as in the event."""
        self._interacts()
        address = {"user_city": "Tỉnh Mẫu", "user_ward": "Xã Suối Lành", "user_address": "Thôn Nà Lìu"}
        info = {"name": self.name, "phone": self.phone, "full_address": address} | given
        self.shared = {"name": info["name"], "phone": info["phone"]}
        return self.oa.tell("user_submit_info", self._between() | {"info": info})

    def says_in(self, group_id: str, text: str) -> Event | None:
        """Write into a group chat of the account."""
        about = {"oa_id": self.oa.id, "sender": {"id": self.id}, "recipient": {"id": group_id}}
        return self.oa.tell("user_send_group_text", about | {"message": {"text": text, "msg_id": self.oa.new_id()}})

    def rates(self, notice: Message, rate: int, note: str = "") -> Event | None:
        """Answer a rating template."""
        about = {"rating_type": "csat", "option": "five_emotions", "note": note, "rate": rate, "feedbacks": []}
        ids = {"submit_time": str(self.oa.ms()), "msg_id": notice.id, "tracking_id": notice.tracking_id}
        return self.oa.tell("user_feedback", {"oa_id": self.oa.id, "message": about | ids})

    def sends(
        self, kind: str, payload: dict[str, Any] | None = None, text: str = "", *, hidden: bool = False,
        quotes: Message | None = None, file: File | None = None,
    ) -> Message:  # fmt: skip
        """Any content."""
        assert not self.gone
        self._interacts()
        attachment = {"type": kind, "payload": payload} if payload is not None else {}
        message = Message(self.oa.new_id(), self, self.oa.ms(), "user", kind, text, file=file, attachment=attachment)
        message.quotes = quotes.id if quotes else ""
        if not hidden:
            self.chat.messages.append(message)
        message.event = self.oa.tell(f"user_send_{kind}", self._between() | {"message": message.shown()})
        return message

    def _sends_file(
        self, kind: str, raw: bytes, name: str, caption: str = "", more: dict[str, str] | None = None
    ) -> Message:
        file = self.oa.keep(kind, raw, name)
        url = f"{self.oa.media_url}/{file.id}"
        payload = {"url": url} | ({} if kind in ("file", "audio") else {"thumbnail": f"{url}?thumb"}) | (more or {})
        return self.sends(kind, payload, caption, file=file)

    # --- what she gets ---

    def goes_online(self) -> None:
        """Her telephone is on again, and gets what has waited."""
        self.online = True
        for message in dict.fromkeys((*self.chat.messages, *self.notices)):
            self.gets(message)

    def gets(self, message: Message) -> None:
        """It reaches her telephone, if that is on; the bot is told."""
        if message.by == "user" or message.received_at or not self.online:
            return
        message.received_at = self.oa.ms()
        more, target = {"msg_id": message.id}, self.id
        if message.phone:
            target = message.phone
            more |= {"delivery_time": str(message.received_at), "tracking_id": message.tracking_id}
        body = {"sender": {"id": self.oa.id}, "recipient": {"id": target}, "message": more}
        self.oa.tell("user_received_message", body, zns=bool(message.phone))

    def sees(self) -> Event | None:
        """Open the chat and read; the bot is told of all she had not seen."""
        new = [each for each in self.chat.messages if each.received_at and not each.seen]
        if not new:
            return None
        for each in new:
            each.seen = True
        body = {"sender": {"id": self.oa.id}, "recipient": {"id": self.id}}
        return self.oa.tell("user_seen_message", body | {"message": {"msg_ids": [each.id for each in new]}})

    def _interacts(self) -> None:
        self.last, self.left, self.blocked = self.oa.now(), False, False

    def _between(self) -> dict[str, Any]:
        return {"user_id_by_app": self.by_app, "sender": {"id": self.id}, "recipient": {"id": self.oa.id}}

    def _follower(self) -> dict[str, Any]:
        return {"oa_id": self.oa.id, "follower": {"id": self.id}, "user_id_by_app": self.by_app}


@dataclass
class Template:
    """An approved notice. params: name -> (type, longest); those in `optional` may be missing."""

    id: str
    name: str
    params: dict[str, tuple[str, int]]
    optional: frozenset[str] = frozenset()
    status: str = "ENABLE"  # or PENDING_REVIEW, REJECT, DISABLE
    by_uid: bool = True  # False: made before 2025-12-10, or one-time password
    price_sdt: int = 200
    price_uid: int = 140

    def words(self, data: dict[str, Any]) -> str:
        """What she reads."""
        return "\n".join([self.name, *(str(data[name]) for name in self.params if name in data)])


class OfficialAccount:
    """One account. What stands in its attributes is what the console and the plan would say; tests change them."""

    def __init__(self, hook: Hook, now: Callable[[], float], dice: random.Random) -> None:
        self.id, self.name, self.type = "388613280878808645", "UBND xã Suối Lành", BUSINESS
        self.path = ""  # "v3" or "v2": the path that works, whatever the type says
        self.verified, self.linked_zca = True, "ZCA Suối Lành"
        self.plan, self.valid_until = "Tăng trưởng", "31/12/2027"
        self.rate = 0  # requests a minute; 0: no limit
        self.included, self.most_included = 500, 500  # messages after 48 hours that the plan still has this month
        self.uploads_left = 5000
        self.balance = 100_000  # đồng on the Zalo Cloud Account
        self.spent: list[tuple[str, int]] = []  # (message id, đồng)
        self.daily_quota = self.daily_left = 500  # template messages by phone
        self.night = False  # whether templates are refused from 22:00 to 06:00
        self.admin_phones: set[str] = set()  # who may get templates in development
        self.media_url = ""
        self.users: dict[str, User] = {}
        self.files: dict[str, File] = {}
        self.templates: dict[str, Template] = {}
        self.sent: list[Message] = []  # everything the bot has sent, to everybody
        self.hook, self.now, self.dice = hook, now, dice

    @property
    def send_path(self) -> str:
        """The path of consultation messages that works for this account: v3 or v2."""
        return self.path or ("v2" if self.type == STATE_AGENCY else "v3")

    def ms(self) -> int:
        return self.hook.ms()

    def new_id(self) -> str:
        return f"{self.dice.getrandbits(80):020x}"

    def tell(self, name: str, body: dict[str, Any], zns: bool = False) -> Event | None:
        """One more event for the bot."""
        return self.hook.tell(name, body, zns)

    def keep(self, kind: str, raw: bytes, name: str = "") -> File:
        """Keep bytes under a new id."""
        file_id = f"{self.dice.getrandbits(160):040x}"
        file = self.files[file_id] = File(file_id, kind, raw, self.now(), name)
        return file

    def uploaded(self, file_id: Any, *kinds: str) -> File:
        """What was uploaded under this id and has not expired."""
        file = self.files.get(file_id) if isinstance(file_id, str) else None
        if file is None or file.kind not in kinds or self.now() - file.at > UPLOAD_LIFE:
            raise Refusal(-100, "Attachment is invalid or has expired")
        return file

    def person(self, user_id: Any) -> User:
        """By her id, a string."""
        if not isinstance(user_id, str) or user_id not in self.users:
            raise Refusal(-201, "user_id is invalid")
        return self.users[user_id]

    def by_phone(self, phone: str) -> User:
        for user in self.users.values():
            if user.phone and user.phone == phone:
                return user
        raise Refusal(-118, "Zalo account not existed")

    def template(
        self, template_id: str = "7895417a7d3f9461cd2e", name: str = "Hồ sơ đã có kết quả", **params: int
    ) -> Template:
        """One more template; parameters with their longest."""
        found = {key: ("STRING", most) for key, most in (params or {"ten": 30, "ma_ho_so": 30}).items()}
        template = self.templates[template_id] = Template(template_id, name, found)
        return template

    # --- what the account sends ---

    def opens_window(self, user: User) -> tuple[str, int]:
        """Which quota a consultation message to her would take, and its price; raises Refusal when none may go."""
        if user.gone:
            raise Refusal(-227, "User is banned or has been inactive for more than 45 days")
        if user.blocked:
            raise Refusal(-217, "User has blocked invitation from OA")
        if user.last is None:
            raise Refusal(-232, "User has not interacted with the OA")
        if user.left:
            raise Refusal(-213, "User has not followed OA")
        since = self.now() - user.last
        if since > PAID:
            raise Refusal(-230, "User has not interacted with the OA in the past 7 days")
        if since <= FREE:
            return "reply", 0
        if self.included:
            return "sub_quota", 0
        if self.balance >= PAID_MESSAGE:
            return "purchase_quota", PAID_MESSAGE
        raise Refusal(-211, "Out of quota")

    def sends(self, message: Message) -> Message:
        """Paid for, kept, echoed and brought to her."""
        if message.quota_type == "sub_quota":
            self.included -= 1
        self.pays(message)
        message.user.chat.messages.append(message)
        self.echo(message)
        message.user.gets(message)
        return message

    def pays(self, message: Message) -> None:
        self.sent.append(message)
        self.balance -= message.price
        if message.price:
            self.spent.append((message.id, message.price))

    def writes(self, user: User, text: str, admin_id: str = "6011234567890123456") -> Message:
        """An official writes to her in OA Manager."""
        message = Message(self.new_id(), user, self.ms(), "admin", text=text)
        user.chat.messages.append(message)
        message.event = self.echo(message, admin_id)
        user.gets(message)
        return message

    def echo(self, message: Message, admin_id: str = "") -> Event | None:
        sender = {"id": self.id} | ({"admin_id": admin_id} if admin_id else {})
        about = {"user_id_by_app": message.user.by_app, "sender": sender, "recipient": {"id": message.user.id}}
        return self.tell(f"oa_send_{message.kind}", about | {"message": message.shown()})
