"""Values of settings as they may be shown."""

import re

from domain.values import SecretValue

MASK = "********"
_PASSWORD_PARAMETER = re.compile(r"(?i)([?&][a-z_]*password=)[^&]*")


def shown_value(value: object) -> str | int | bool | None:
    """Return a setting's value for people and JSON: a secret masked, and a password in a URL."""
    if value is None or isinstance(value, bool | int):
        return value
    return MASK if isinstance(value, SecretValue) else masked_url(str(value))


def masked_url(text: str) -> str:
    """Mask the password in a URL; any other text comes back as it is."""
    scheme, separator, rest = text.partition("://")
    if not separator or scheme == "sqlite":
        return text
    user_info, at, place = rest.rpartition("@")  # the last one: a password may hold an @ that nobody escaped
    user, colon, _ = user_info.partition(":")
    place = _PASSWORD_PARAMETER.sub(rf"\1{MASK}", place)
    return f"{scheme}://{user}{colon}{MASK if colon else ''}{at}{place}"
