"""Answer git when it asks for a user name and password (gitcredentials(7), git-credential(1))."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from app.usecases.oauth.give_out import GiveOutAccessToken
from app.usecases.oauth.registration import Registration
from domain.errors import DomainError, Invalid, NotConnected
from domain.instants import SECOND_MS
from domain.oauth import OAuthToken
from domain.ports import OAuthTokenStore, SecretStore
from domain.values import FORGES, SecretValue, agent_token_name, is_agent_name

_USER_NAMES = {"forgejo": "oauth2", "github": "x-access-token", "gitlab": "oauth2"}
"""What each forge wants for a user name beside an access token."""

_PLACE = ("protocol", "host", "path", "username")
_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True, kw_only=True)
class GitRequest:
    """What git says of the place that it wants to log in at."""

    protocol: str
    host: str
    path: str = ""
    username: str = ""
    password: SecretValue | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GitCredential:
    """What git is told; `expires_at` in ms UTC."""

    username: str
    password: SecretValue
    expires_at: int | None = None

    def lines(self) -> Iterator[str]:
        """Write it as git reads it."""
        yield f"username={self.username}"
        yield f"password={self.password.reveal()}"
        if self.expires_at is not None:
            yield f"password_expiry_utc={self.expires_at // SECOND_MS}"


def parse_request(lines: str) -> GitRequest:
    """Read what git writes: `name=value` lines; names that we do not know are left alone. Raises `Invalid`.

    Git ends a line by a line feed and by nothing else, and decodes what an address says: whatever else may
    look like a line's end would let a hostile address name another host than git goes to (CVE-2020-5260).
    """
    said: dict[str, str] = {}
    for line in lines.split("\n"):
        if not line:
            break
        name, equals, value = line.partition("=")
        if not equals or not value.isprintable() or (name in said and name in _PLACE):
            raise Invalid("that is not what git asks a credential helper", advice="see `git help credential`")
        said[name] = value
    if "url" in said:
        said = {**_from_url(said["url"]), **said}
    return GitRequest(
        protocol=said.get("protocol", ""),
        host=said.get("host", ""),
        path=said.get("path", ""),
        username=said.get("username", ""),
        password=SecretValue(said["password"]) if "password" in said else None,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerGit:
    """Gives a token only to the address that it is for: same scheme, host and port, and below the same path."""

    give_out: GiveOutAccessToken
    registration: Registration
    tokens: OAuthTokenStore
    secrets: SecretStore

    def get(self, request: GitRequest) -> GitCredential | None:
        """Return what to log in with; None if that address is none of our forges, or we have nothing for it.

        At Forgejo the name of an agent gives that agent's token. Raises as `GiveOutAccessToken` does.
        """
        for forge in self._forges_at(request):
            if forge == "forgejo" and is_agent_name(request.username):
                agent = self.secrets.get(agent_token_name(request.username))
                if agent is not None:
                    return GitCredential(username=request.username, password=agent.value)
            if request.username in {"", _USER_NAMES[forge]} or self._is_account(forge, request.username):
                token = self._given_out(forge)
                if token is not None:
                    return GitCredential(
                        username=request.username or _USER_NAMES[forge],
                        password=token.access_token,
                        expires_at=token.expires_at,
                    )
        return None

    def erase(self, request: GitRequest) -> None:
        """Take note that a password was refused: if the forge does not take it any more, another is fetched.

        Git says so as well when the account may not do what it tried, so the forge is asked first.
        """
        for forge in self._forges_at(request):
            token = self.tokens.get(forge)
            if token is None or request.password is None or token.access_token != request.password:
                continue
            client = self.registration.client_of(token)
            if self.registration.servers[forge].is_alive(client, token.access_token) is False:
                self.give_out.refresh(forge, rejected=request.password)

    def _given_out(self, forge: str) -> OAuthToken | None:
        try:
            return self.give_out(forge)
        except NotConnected:
            return None

    def _is_account(self, forge: str, username: str) -> bool:
        token = self.tokens.get(forge)
        return token is not None and token.account == username

    def _forges_at(self, request: GitRequest) -> Iterator[str]:
        for forge in FORGES:
            base = self._address(forge)
            if base and _is_below(request, base):
                yield forge

    def _address(self, forge: str) -> str | None:
        try:
            client, token = self.registration.clients(forge), self.tokens.get(forge)
        except DomainError:
            return None
        return client.base_url if token is None else client.for_token(token).base_url


def _is_below(request: GitRequest, base_url: str) -> bool:
    """Compare as git does, which by default leaves the path out of the question (credential.useHttpPath)."""
    base = urlsplit(base_url)
    asked, ours = _place(request.protocol, request.host), _place(base.scheme, base.netloc)
    if request.protocol != base.scheme or ours is None or asked != ours:
        return False
    root, path = base.path.strip("/").split("/"), request.path.strip("/").split("/")
    return root == [""] or path == [""] or (path[: len(root)] == root and not {".", ".."} & set(path))


def _place(scheme: str, netloc: str) -> tuple[str, int] | None:
    try:
        parts = urlsplit(f"//{netloc}")
        return (parts.hostname or "", parts.port or _DEFAULT_PORTS[scheme])
    except (ValueError, KeyError):
        return None


def _from_url(url: str) -> Mapping[str, str]:
    try:
        parts = urlsplit(url)
    except ValueError:
        raise Invalid("git asks about an address that is none") from None
    said = {"protocol": parts.scheme, "host": parts.netloc.rpartition("@")[2], "path": parts.path.lstrip("/")}
    return said | ({"username": parts.username} if parts.username else {})
