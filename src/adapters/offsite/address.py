"""The address of a place for off-site copies."""

from dataclasses import dataclass
from urllib.parse import SplitResult, unquote, urlsplit

from typing_extensions import override

from domain.errors import Invalid

_SETTING = "STRONGROOM_OFFSITE_URL"
_FORMS = "s3://bucket/prefix, sftp://user@host:port/path or file:///path"


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a place is.

    `host` is a bucket for S3, and empty for a disk; `path` begins with a slash and ends without one.
    """

    scheme: str
    host: str
    path: str
    user: str | None = None
    port: int | None = None

    @override
    def __str__(self) -> str:
        return {"s3": f"the bucket {self.host}", "sftp": f"the SFTP server {self.host}"}.get(self.scheme, self.path)


def parse_address(url: str) -> Address:
    """Read `s3://bucket/prefix`, `sftp://user@host:port/path` or `file:///path`.

    Raises `Invalid`, without the value.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise Invalid(f"{_SETTING} is not an address", advice=_FORMS) from None
    if parts.password is not None:
        raise Invalid(f"{_SETTING} holds a password", advice="put it into the file of STRONGROOM_OFFSITE_OPTIONS_FILE")
    if not _is_whole(parts):
        raise Invalid(f"{_SETTING} is not an address of a place that backups can be pushed to", advice=_FORMS)
    return Address(
        scheme=parts.scheme,
        host=(parts.netloc if parts.scheme == "s3" else parts.hostname) or "",
        path="/" + unquote(parts.path).strip("/"),
        user=parts.username,
        port=port,
    )


def _is_whole(parts: SplitResult) -> bool:
    """Tell whether it says what is needed, and nothing that would be passed over."""
    if parts.query or parts.fragment:
        return False
    has_path = bool(parts.path.strip("/"))
    match parts.scheme:
        case "s3":
            return bool(parts.netloc) and "@" not in parts.netloc and ":" not in parts.netloc
        case "sftp":
            return bool(parts.hostname) and has_path
        case "file":
            return not parts.netloc and has_path
    return False
