"""Zalo's consent and token pairs, for `tests.zalo_server`: every refresh token is good once."""

import base64
import hashlib
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs, urlencode, urlsplit

from tests.zalo_world import Refusal

APP_ID = "3608465248940903967"
APP_SECRET = "the-secret-of-the-app"
HOUR = 3600.0
ACCESS_LIFE, CODE_LIFE, REFRESH_LIFE = 25 * HOUR, 600.0, 90 * 24 * HOUR


@dataclass
class Code:
    """One consent that has not been exchanged."""

    challenge: str
    until: float


class OAuth:
    """One app and one account. `redirect_uri` and `challenge` are the console's; empty: any will do.

    old_dies: whether the old access token dies with its refresh token at once. `refreshed` counts new pairs.
    """

    def __init__(self, oa_id: str, now: Callable[[], float], dice: random.Random) -> None:
        self.redirect_uri = self.challenge = ""
        self.old_dies = True
        self.revoked = False
        self.refreshed = 0
        self.access = self.refresh = ""
        self._oa_id, self._now, self._dice = oa_id, now, dice
        self._good: dict[str, float] = {}  # access token -> until
        self._refresh_until = 0.0
        self._codes: dict[str, Code] = {}
        self.pair()

    def pair(self) -> tuple[str, str]:
        """A new pair, as the console's API Explorer hands it out; the one before is dead."""
        if self.old_dies:
            self._good.clear()
        self.access, self.refresh = self._word(), self._word()
        self._good[self.access] = self._now() + ACCESS_LIFE
        self._refresh_until = self._now() + REFRESH_LIFE
        self.revoked = False
        return self.access, self.refresh

    def kill(self) -> None:
        """All tokens are worth nothing any more, and only a new consent brings new ones."""
        self._good.clear()
        self.refresh, self.revoked = "", True

    def check(self, token: str) -> None:
        """Raises Refusal unless a call may be made with this access token."""
        if self.revoked:
            raise Refusal(-223, "OA has not authorized the application")
        if token not in self._good:
            raise Refusal(-216, "Access token is invalid")
        if self._now() >= self._good[token]:
            raise Refusal(-220, "Access token has expired")

    def consent(self, link: str) -> str:
        """An admin of the account opens the link and agrees; the address the browser is sent to."""
        asked = {key: values[0] for key, values in parse_qs(urlsplit(link).query).items()}
        redirect = asked.get("redirect_uri", "")
        if asked.get("app_id") != APP_ID:
            raise Refusal(-14002, "Invalid app id")
        challenge = asked.get("code_challenge", "")
        if not redirect or self.redirect_uri not in ("", redirect) or self.challenge not in ("", challenge):
            raise Refusal(-14003, "Invalid redirect uri")
        code = self._word()
        self._codes[code] = Code(challenge, self._now() + CODE_LIFE)
        answer = {"code": code, "oa_id": self._oa_id} | ({"state": asked["state"]} if "state" in asked else {})
        return f"{redirect}?{urlencode(answer)}"

    def token(self, headers: Mapping[str, str], form: Mapping[str, str]) -> dict[str, str]:
        """A new pair for a code or a refresh token."""
        if headers.get("secret_key") != APP_SECRET:
            raise Refusal(-14004, "Invalid secret key")
        if form.get("app_id") != APP_ID:
            raise Refusal(-14002, "Invalid app id")
        match form.get("grant_type"):
            case "authorization_code":
                self._exchange(form)
            case "refresh_token":
                self._check_refresh(form.get("refresh_token", ""))
            case _:
                raise Refusal(-14018, "Invalid grant type")
        access, refresh = self.pair()
        self.refreshed += 1
        return {"access_token": access, "refresh_token": refresh, "expires_in": str(int(ACCESS_LIFE))}

    def _exchange(self, form: Mapping[str, str]) -> None:
        code = self._codes.pop(form.get("code", ""), None)
        verifier = form.get("code_verifier", "")
        digest = hashlib.sha256(verifier.encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        if code is None or len(verifier) != 43 or code.challenge != challenge or self._now() > code.until:
            raise Refusal(-14005, "Invalid code")

    def _check_refresh(self, token: str) -> None:
        if not token or token != self.refresh or self._now() > self._refresh_until:
            raise Refusal(-14014, "Invalid refresh token.")

    def _word(self) -> str:
        return base64.urlsafe_b64encode(self._dice.randbytes(48)).decode()
