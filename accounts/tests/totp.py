"""An authenticator app (RFC 6238), independent of the implementation under test."""

import hmac
import time
from base64 import b32decode


def totp(secret: str, steps: int = 0) -> str:
    """Return the current six-digit code, or the one `steps` half minutes later."""
    counter = int(time.time()) // 30 + steps
    digest = hmac.digest(b32decode(secret), counter.to_bytes(8), "sha1")
    offset = digest[-1] & 15
    return f"{(int.from_bytes(digest[offset : offset + 4]) & 0x7FFFFFFF) % 1_000_000:06}"
