"""A service manager that writes down what it is told."""

import socket
from contextlib import contextmanager


class ListeningManager:
    """Hears datagrams as systemd does."""

    def __init__(self, heard, address):
        self._heard = heard
        self.environ = {"NOTIFY_SOCKET": address}

    def next(self):
        return self._heard.recv(4_096).decode()

    def up_to(self, start):
        """Return all that is heard up to a fact with that start; fails if it does not come."""
        facts = [self.next()]
        while not facts[-1].startswith(start):
            facts.append(self.next())
        return facts

    def at_once(self):
        """Return what was said and not heard yet."""
        self._heard.setblocking(False)
        facts = []
        try:
            while True:
                facts.append(self.next())
        except BlockingIOError:
            return facts
        finally:
            self._heard.settimeout(30)

    def hears_nothing_for(self, seconds):
        self._heard.settimeout(seconds)
        try:
            self._heard.recv(4_096)
        except TimeoutError:
            return True
        finally:
            self._heard.settimeout(30)
        return False


@contextmanager
def a_manager(directory, *, abstract=False):
    """Listen in `directory`, or under a name without a file."""
    path = f"{directory}/notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind(f"\0{path}" if abstract else path)
        heard.settimeout(30)
        yield ListeningManager(heard, f"@{path}" if abstract else path)
