"""`strongroom oauth` and `git-credential` as processes, with a real forge, a real browser's walk and a real git."""

import base64
import json
import os
import shutil
import subprocess
import threading
from dataclasses import replace
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import httpx2
import pytest

from tests.support.oauth_forge import running_forge
from tests.support.oauth_home import STRONGROOM, home_of
from tests.support.ports import free_port

PATIENCE_S = 60


class Connecting:
    """`oauth connect`, started; its link is read from standard output."""

    def __init__(self, home, *args, **environ):
        self.process = subprocess.Popen(
            [STRONGROOM, "oauth", "connect", home.forge, *args],
            env={**home.environ, **environ},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.link = next(line.strip() for line in self.process.stdout if line.strip().startswith("http"))

    def paste(self, address):
        self.process.stdin.write(f"{address}\n")
        self.process.stdin.flush()

    def ended(self):
        out, err = self.process.communicate(timeout=PATIENCE_S)
        return self.process.returncode, out, err


@pytest.fixture
def home_and_port(tmp_path):
    """A forge, a home, and a public address whose port is free."""
    port = free_port()
    with running_forge("gitlab", redirects=[f"http://127.0.0.1:{port}/oauth/gitlab/callback"]) as forge:
        yield home_of(forge, tmp_path), port, forge


def test_the_redirect_address_may_be_pasted(home_and_port, browser):
    home, port, _ = home_and_port
    connecting = Connecting(home, STRONGROOM_PUBLIC_URL=f"http://127.0.0.1:{port}")

    connecting.paste(browser.allow(connecting.link))

    code, out, err = connecting.ended()
    assert (code, "connected" in out, "ada" in out) == (0, True, True), err


def test_without_a_service_the_terminal_listens_itself(home_and_port, browser):
    home, port, _ = home_and_port
    connecting = Connecting(home, STRONGROOM_PUBLIC_URL=f"http://127.0.0.1:{port}")

    page = httpx2.get(browser.allow(connecting.link))

    code, out, _ = connecting.ended()
    assert "Go back to the terminal" in page.text
    assert (code, "connected" in out) == (0, True)


def test_with_a_service_it_lays_the_answer_down_for_the_terminal(home_and_port, browser):
    home, port, _ = home_and_port
    public = {"STRONGROOM_PUBLIC_URL": f"http://127.0.0.1:{port}", "STRONGROOM_PORT": str(port)}
    with subprocess.Popen(
        [STRONGROOM, "serve"], env={**home.environ, **public}, stderr=subprocess.PIPE, text=True
    ) as service:
        next(line for line in service.stderr if "listening on" in line)
        reader = threading.Thread(target=service.stderr.read)
        reader.start()
        while httpx2.get(f"http://127.0.0.1:{port}/readyz").status_code != 200:
            assert service.poll() is None
        connecting = Connecting(home, **public)

        page = httpx2.get(browser.allow(connecting.link), headers={"Accept": "text/html"})

        code, out, _ = connecting.ended()
        service.terminate()
        reader.join(PATIENCE_S)
    assert "Go back to the terminal" in page.text
    assert (code, "connected" in out) == (0, True)


def test_a_stray_request_does_not_end_the_wait(home_and_port, browser):
    home, port, _ = home_and_port
    public = f"http://127.0.0.1:{port}"
    connecting = Connecting(home, STRONGROOM_PUBLIC_URL=public)

    strays = [
        httpx2.get(f"{public}{path}").status_code
        for path in ("/", "/oauth/gitlab/callback?state=bogus&code=x", "/oauth/gitlab/callback?state=a&state=b")
    ]
    httpx2.get(browser.allow(connecting.link))

    code, out, err = connecting.ended()
    assert strays == [404, 404, 404]
    assert (code, "connected" in out) == (0, True)
    assert "Traceback" not in err


@pytest.mark.parametrize(
    "pasted",
    ["nonsense", "http://127.0.0.1:1/oauth/gitlab/callback", "http://127.0.0.1:1/oauth/gitlab/callback?state=x&code=y"],
)
def test_what_is_no_redirect_address_is_refused(home_and_port, pasted):
    home, port, forge = home_and_port
    connecting = Connecting(home, STRONGROOM_PUBLIC_URL=f"http://127.0.0.1:{port}")

    connecting.paste(pasted)

    code, _, err = connecting.ended()
    assert code == 2
    assert "copy the whole address" in err, err
    assert forge.stats()["codes"] == 0


def test_the_commands_say_how_a_connection_stands(gitlab, tmp_path):
    home = home_of(gitlab, tmp_path)
    with home.service() as service:
        token = home.connect(service)

    shown = json.loads(home.run("oauth", "show", "gitlab", "--json").stdout)
    given = home.run("oauth", "access-token", "gitlab").stdout
    refreshed = json.loads(home.run("oauth", "refresh", "gitlab", "--json").stdout)
    later = home.run("oauth", "access-token", "gitlab", "--rejected", "-", stdin=given).stdout
    last = json.loads(home.run("oauth", "access-token", "gitlab", "--json").stdout)
    ended = json.loads(home.run("oauth", "disconnect", "gitlab", "--confirm", "gitlab", "--json").stdout)
    gone = home.run("oauth", "access-token", "gitlab", check=False)

    assert (shown["status"], shown["account"], shown["scopes"]) == (
        "connected", "ada", ["api", "read_repository", "write_repository"]
    )  # fmt: skip
    assert given == token.access_token.reveal()
    assert refreshed["last_refresh_at"] > shown["connected_at"]
    assert later == last["access_token"] != given
    assert last["expires_at"] > refreshed["last_refresh_at"]
    assert (ended["revocation"], ended["status"]) == ("revoked", "not_connected")
    assert gone.returncode == 5
    assert gitlab.stats()["refreshes"] == 1


def test_no_secret_of_a_flow_is_in_the_log_at_debug(gitlab, tmp_path):
    home = home_of(gitlab, tmp_path)
    with home.service() as service:
        first = home.connect(service)

    ran = [
        home.run(*args, check=False, STRONGROOM_LOG_LEVEL="debug")
        for args in (("oauth", "refresh", "gitlab"), ("oauth", "show", "gitlab"), ("status",), ("doctor",))
    ]

    with home.service() as service:
        second = service.unaudited_oauth_tokens().get("gitlab")
    said = "".join(each.stdout + each.stderr for each in ran)
    values = [token.reveal() for each in (first, second) for token in (each.access_token, each.refresh_token)]
    assert [value for value in values if value in said] == []


def password_for(home, **asked):
    said = "".join(f"{name}={value}\n" for name, value in asked.items())
    ran = home.run("git-credential", "get", stdin=f"{said}\n", check=False)
    return ran, dict(line.split("=", 1) for line in ran.stdout.splitlines())


def at(url):
    parts = urlsplit(url)
    return {"protocol": parts.scheme, "host": parts.netloc}


def test_git_is_given_the_token_with_its_end(gitlab, tmp_path):
    home = home_of(gitlab, tmp_path)
    with home.service() as service:
        token = home.connect(service)

    _, answer = password_for(home, **at(gitlab.base_url), path="acme/api.git")

    assert answer == {
        "username": "oauth2",
        "password": token.access_token.reveal(),
        "password_expiry_utc": str(token.expires_at // 1_000),
    }


@pytest.mark.parametrize(
    "change",
    [{"protocol": "https"}, {"host": "127.0.0.1"}, {"host": "evil.example"}, {"username": "somebody"}],
    ids=str,
)
def test_git_is_given_nothing_for_another_place_or_person(gitlab, tmp_path, change):
    home = home_of(gitlab, tmp_path)
    with home.service() as service:
        home.connect(service)

    ran, answer = password_for(home, **{**at(gitlab.base_url), **change})

    assert (ran.returncode, answer) == (0, {})


def test_git_is_told_to_stop_where_only_we_could_help(gitlab, tmp_path):
    home = home_of(gitlab, tmp_path)
    with home.service() as service:
        token = home.connect(service)
        service.authorization_servers()["gitlab"].refresh(gitlab.client(), token.refresh_token)
        with pytest.raises(Exception, match="connected again"):
            service.refresh_connection().force("gitlab")

    ran, answer = password_for(home, **at(gitlab.base_url))

    assert answer == {"quit": "1"}
    assert "strongroom oauth connect gitlab" in ran.stderr


def test_a_password_that_git_saw_refused_is_replaced_if_it_is_dead(gitlab, tmp_path):
    home = home_of(gitlab, tmp_path)
    with home.service() as service:
        token = home.connect(service).access_token.reveal()
    said = "".join(f"{name}={value}\n" for name, value in {**at(gitlab.base_url), "password": token}.items())

    home.run("git-credential", "erase", stdin=said)
    assert gitlab.stats()["refreshes"] == 0  # the forge still takes it: git was refused for another reason

    with home.service() as service:
        stored = service.unaudited_oauth_tokens().get("gitlab")
        service.authorization_servers()["gitlab"].revoke(gitlab.client(), replace(stored, refresh_token=None))
    ran = home.run("git-credential", "erase", stdin=said, check=False)
    assert gitlab.stats()["refreshes"] == 1
    assert "connected again" in ran.stderr  # here the whole grant is dead


class Repository(SimpleHTTPRequestHandler):
    """A repository over plain HTTP that asks for a password."""

    def do_GET(self):
        shown = self.headers.get("Authorization", "").partition(" ")[2]
        user, _, password = base64.b64decode(shown).decode().partition(":")
        self.server.seen.append(user)
        self.server.shown.append(password)
        if password not in self.server.passwords:
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="forge"')
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        super().do_GET()

    def log_message(self, *_):
        pass


@pytest.fixture
def repository(tmp_path):
    """Serve a bare repository at its root."""
    if shutil.which("git") is None:
        pytest.skip("a real clone needs git: install git")
    bare, work = tmp_path / "served" / "acme" / "api.git", tmp_path / "work"
    environ = {**os.environ, "GIT_CONFIG_NOSYSTEM": "1", "HOME": str(tmp_path)}

    def git(*args, cwd=None):
        subprocess.run(
            ["git", "-c", "user.name=a", "-c", "user.email=a@example.org", *args],
            cwd=cwd,
            env=environ,
            check=True,
            capture_output=True,
        )

    git("init", "-b", "main", work)
    (work / "file").write_text("content")
    git("add", "file", cwd=work)
    git("commit", "-m", "first", cwd=work)
    git("clone", "--bare", work, bare)
    git("update-server-info", cwd=bare)

    def handler(*args):
        return Repository(*args, directory=str(tmp_path / "served"))

    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.passwords, server.seen, server.shown = set(), [], []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def clone(home, url, directory, **environ):
    """Clone with our helper as the only way to a password."""
    helper = f"!{STRONGROOM} git-credential"
    return subprocess.run(
        ["git", "-c", "credential.helper=", "-c", f"credential.helper={helper}", "clone", url, directory],
        env={**home.environ, "GIT_TERMINAL_PROMPT": "0", "GIT_CONFIG_NOSYSTEM": "1", **environ},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )


def test_a_clone_gets_its_password_from_us(gitlab, repository, tmp_path):
    home = home_of(gitlab, tmp_path)
    with home.service() as service:
        repository.passwords.add(home.connect(service).access_token.reveal())
        url = f"http://127.0.0.1:{repository.server_port}"
        stored = service.unaudited_oauth_tokens().get("gitlab")
        service.unaudited_oauth_tokens().upsert(replace(stored, base_url=url))

    done = clone(
        home, f"{url}/acme/api.git", tmp_path / "clone", STRONGROOM_GITLAB_URL=""
    )  # the token says where it is

    assert done.returncode == 0, done.stderr
    assert (tmp_path / "clone" / "file").read_text() == "content"
    assert "oauth2" in repository.seen


@pytest.mark.parametrize("separator", ["%0D", "%0C", "%0B", "%1C", "%C2%85", "%E2%80%A8"])
def test_a_hostile_address_gets_no_password_of_another_host(gitlab, repository, tmp_path, separator):
    """Git decodes the user name of an address and asks us for it: it must not name the forge for another host."""
    home = home_of(gitlab, tmp_path)
    with home.service() as service:
        token = home.connect(service).access_token.reveal()
    forge = urlsplit(gitlab.base_url).netloc.replace(":", "%3A")
    hostile = f"http://oauth2{separator}host={forge}@127.0.0.1:{repository.server_port}/acme/api.git"

    done = clone(home, hostile, tmp_path / "clone")

    assert done.returncode != 0
    assert token not in repository.shown


def test_an_agent_clones_with_its_own_token_by_its_name(gitlab, repository, tmp_path):
    home = home_of(gitlab, tmp_path)
    url = f"http://reviewer@127.0.0.1:{repository.server_port}/acme/api.git"
    base = f"http://127.0.0.1:{repository.server_port}"
    with home.service() as service:
        service.secrets().set("agent_token:reviewer", "token-of-the-reviewer")
    repository.passwords.add("token-of-the-reviewer")

    done = clone(home, url, tmp_path / "clone", STRONGROOM_FORGEJO_URL=base)

    assert done.returncode == 0, done.stderr
    assert "reviewer" in repository.seen
