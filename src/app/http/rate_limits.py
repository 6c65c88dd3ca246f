"""How often a caller may ask, and how often somebody may try tokens that we do not know."""

import ipaddress
from collections.abc import Callable
from time import time

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter

from domain.errors import RateLimited
from domain.instants import SECOND_MS

_IPV6_SITE = 64
"""What one subscriber is given: counting single addresses would let him ask without end."""


class RateLimits:
    """Counts in memory, by process: for who asks too much, not for what must be exact. A limit of 0 is none."""

    def __init__(self, *, requests: int, failures: int) -> None:
        counter = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._requests = _limit(counter, requests, "requests")
        self._failures = _limit(counter, failures, "failures")

    def count_request(self, caller: str) -> None:
        """Count a request of a caller that we know; raises `RateLimited` if it is one too many."""
        self._requests(caller, "too many requests with this token")

    def count_failure(self, address: str | None) -> None:
        """Count a token that we do not know; raises `RateLimited` if it is one too many from that address.

        Who shows a good token from there is still let in: a neighbour's mistakes lock nobody out.
        """
        self._failures(site_of(address), "too many requests without a token that we know")


def _limit(counter: SlidingWindowCounterRateLimiter, a_minute: int, what: str) -> Callable[[str, str], None]:
    if not a_minute:
        return lambda _who, _message: None
    item = RateLimitItemPerMinute(a_minute)

    def count(who: str, message: str) -> None:
        if not counter.hit(item, what, who):
            wait_s = counter.get_window_stats(item, what, who).reset_time - time()
            raise RateLimited(
                message,
                advice=f"{a_minute} a minute are answered; ask again later",
                retry_after_ms=max(SECOND_MS, int(wait_s * SECOND_MS)),
            )

    return count


def site_of(address: str | None) -> str:
    """Return what counts as one place: an IPv4 address, also as IPv6 writes it, or a site of IPv6; else `local`."""
    try:
        parsed = ipaddress.ip_address(address or "")
    except ValueError:
        return "local"
    if isinstance(parsed, ipaddress.IPv6Address):
        mapped = parsed.ipv4_mapped
        return str(mapped or ipaddress.ip_network((parsed, _IPV6_SITE), strict=False))
    return str(parsed)
