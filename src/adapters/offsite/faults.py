"""What is told of a fault elsewhere: our words and the kind of the exception.

What the libraries say may quote credentials, what was sent, or what a server answered.
"""

import errno
import logging
from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from adapters.offsite.streams import LocalFault
from domain.errors import DomainError, Invalid, Unreachable

P = ParamSpec("P")
T = TypeVar("T")

_REFUSED = frozenset(
    {"PermissionError", "AuthenticationException", "BadAuthenticationType", "PasswordRequiredException"}
    | {"NoCredentialsError", "PartialCredentialsError", "ProfileNotFound"}
)
_ADVICE = "check STRONGROOM_OFFSITE_URL, STRONGROOM_OFFSITE_OPTIONS_FILE and the network"

# They write down headers with session tokens, and whole tracebacks; what there is to say, the error says.
for _wire in ("aiobotocore", "botocore", "fsspec", "paramiko", "s3fs"):
    logging.getLogger(_wire).setLevel(logging.CRITICAL)


class Placed(Protocol):
    """Something whose faults can be told by the place it works on."""

    @property
    def place(self) -> str:
        """The place, in words for people."""


Placing = TypeVar("Placing", bound=Placed)


def told(method: Callable[Concatenate[Placing, P], T]) -> Callable[Concatenate[Placing, P], T]:
    """Let nothing out of `method` but errors of ours, and those of files on this machine."""

    @wraps(method)
    def telling(self: Placing, /, *args: P.args, **kwargs: P.kwargs) -> T:
        fault: Exception
        try:
            return method(self, *args, **kwargs)
        except DomainError as error:
            fault = error
        except LocalFault as failed:
            fault = failed.error
        except ModuleNotFoundError:
            fault = Invalid(
                "off-site copies need libraries that are missing",
                advice="install them into the same environment: pip install 'strongroom[offsite]'",
            )
        except Exception as error:  # noqa: BLE001 - four libraries raise what they like
            fault = _unreachable(self.place, error)
        fault.__context__ = fault.__cause__ = None  # what it came from may quote anything
        raise fault

    return telling


def _unreachable(place: str, error: Exception) -> Unreachable:
    kind = type(error).__name__
    number = errno.errorcode.get(error.errno or 0) if isinstance(error, OSError) else None
    name = f"{kind} {number}" if number else kind
    if kind in _REFUSED:
        return Unreachable(f"{place} does not let us in, or not do that ({name})", advice=_ADVICE)
    if isinstance(error, FileNotFoundError):
        return Unreachable(f"{place} is not there ({name})", advice="make it first, or mount it")
    return Unreachable(f"{place} cannot be worked with ({name})", advice=_ADVICE)
