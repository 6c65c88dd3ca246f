"""The call for a forge's access token, as a conversation."""

from app.client.answers import document
from app.client.documents import member
from app.client.exchange import Conversation, Request, path, sending
from domain.errors import NotConnected
from domain.values import FORGES, SecretValue, is_broken_text


def give_out(forge: str, rejected: str | None) -> Conversation[SecretValue]:
    """Get an access token; where one was rejected, have it refreshed first, if it is still the current one."""
    if forge not in FORGES:
        raise NotConnected("that forge is not connected", advice=f"one of {', '.join(FORGES)}")
    if rejected is not None and not is_broken_text(rejected):  # else it never was one
        document((yield sending("POST", path("oauth", forge, "refresh"), {"rejected": rejected})))
    given = document((yield Request("GET", path("oauth", forge, "access-token"))))
    return SecretValue(member(given, "access_token", str))
