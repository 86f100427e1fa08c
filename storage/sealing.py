"""Sealing at rest: AES-GCM with a key that never enters the database, and keyed look-ups of what is sealed.

Overwriting is not enough, because words stay in the write-ahead log; so what a citizen wrote, phones and names reach
the database only sealed. The keys hang on the DBAPI connection (`Connection.info`), put there by `storage.db`, so a
storage function needs nothing but its connection. All keys are derived from SECRET_KEY, separately (HKDF, RFC
5869).
"""

import hashlib
import hmac
import os
from dataclasses import dataclass
from typing import Any

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import Connection

NONCE = 12
_nonces: list[bytes] = []
os.register_at_fork(after_in_child=_nonces.clear)  # two processes must never use the same


def _nonce() -> bytes:
    """A random nonce, once; the system is asked for many together, because every question lets another thread run."""
    try:
        return _nonces.pop()
    except IndexError:
        fresh = os.urandom(NONCE * 256)
        _nonces.extend(fresh[at : at + NONCE] for at in range(NONCE, len(fresh), NONCE))
        return fresh[:NONCE]


class Unreadable(Exception):
    """Sealed with another key, or damaged."""


@dataclass(frozen=True)
class Keys:
    """The derived keys: `sealer` seals, `lookup` makes look-up keys, `signing` signs tokens, `wrapper` wraps the keys
    of the readers of what is sealed to them (`storage.sealed`).
    """

    sealer: AESGCM
    lookup: bytes
    signing: bytes
    wrapper: AESGCM

    @classmethod
    def derive(cls, secret: bytes) -> "Keys":
        """Independent keys from one secret of any length."""

        def part(purpose: bytes) -> bytes:
            return HKDF(algorithm=SHA256(), length=32, salt=None, info=b"gandan/" + purpose).derive(secret)

        return cls(AESGCM(part(b"seal")), part(b"lookup"), part(b"sign"), AESGCM(part(b"sealed")))

    def seal(self, clear: bytes) -> bytes:
        """nonce + AES-GCM ciphertext."""
        nonce = _nonce()
        return nonce + self.sealer.encrypt(nonce, clear, None)

    def unseal(self, sealed: bytes) -> bytes:
        """The clear bytes; raises Unreadable when the key is another or the bytes are damaged."""
        try:
            return self.sealer.decrypt(sealed[:NONCE], sealed[NONCE:], None)
        except (InvalidTag, ValueError) as error:
            raise Unreadable("sealed with another key, or damaged") from error

    def lookup_key(self, purpose: str, text: str) -> str:
        """A keyed digest of `text`, the same every time, by which a sealed value can be found (32 hex characters)."""
        clear = purpose.encode() + b"\0" + text.encode("utf-8", "surrogatepass")
        return hmac.new(self.lookup, clear, hashlib.sha256).hexdigest()[:32]


    def token(self, purpose: str) -> str:
        """A secret text for one purpose, the same every time (64 hex characters): of a webhook, of a link."""
        return hmac.new(self.signing, purpose.encode(), hashlib.sha256).hexdigest()


def keys(db: Connection) -> Keys:
    """The keys that hang on this connection."""
    found: Keys = db.info["keys"]
    return found


def seal(db: Connection, clear: bytes) -> bytes:
    """Seal bytes with this database's key."""
    return keys(db).seal(clear)


def unseal(db: Connection, sealed: bytes) -> bytes:
    """Open what `seal` closed; raises Unreadable."""
    return keys(db).unseal(sealed)


def seal_json(db: Connection, value: Any) -> bytes:
    """Seal a JSON value."""
    return keys(db).seal(orjson.dumps(value))


def unseal_json(db: Connection, sealed: bytes) -> Any:
    """Open a sealed JSON value; raises Unreadable."""
    return orjson.loads(keys(db).unseal(sealed))


def lookup_key(db: Connection, purpose: str, text: str) -> str:
    """The look-up key of a sealed value, for example a phone number."""
    return keys(db).lookup_key(purpose, text)
