"""Bring the files of a mount to where the secrets are."""

from dataclasses import dataclass, replace

from app.audit import announced, current_actor
from app.usecases.mounts.line_ends import LineEnds
from domain.audit import Action
from domain.errors import DomainError
from domain.mounts import Delivery, Mount, token_files
from domain.ports import AuditLog, Clock, MountRegister, SecretStore, TokenMount
from domain.secrets import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Fed:
    """The mount as it is now, and what went wrong, if anything did: then the file is as it was before."""

    mount: Mount
    failures: tuple[DomainError, ...] = ()
    changes: tuple[str, ...] = ()
    """What was changed, in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedMount:
    """Written down before it is done: to hand a token to a container is to read it. Callers hold the lock on mounts."""

    secrets: SecretStore
    mounts: TokenMount
    register: MountRegister
    line_ends: LineEnds
    audit: AuditLog
    clock: Clock

    def __call__(self, mount: Mount, *, thorough: bool = False, refilling: bool = False) -> Fed:
        """Deliver what is new, and enter the receipts. `thorough` compares what is there with what should be.

        A file that cannot be delivered keeps none of the others from it. `refilling` a mount that was empty
        makes nobody's token an older one.
        """
        failures: list[DomainError] = []
        changes: list[str] = []
        receipts = []
        for file, secret in token_files(mount.agent).items():
            before = mount.delivered(file)
            try:
                receipt = self._bring(mount, file, secret, thorough=thorough or refilling, refilling=refilling)
            except DomainError as error:
                failures.append(error)
                receipt = before
            if _moved(before, receipt):
                changes.append(f"{file}: {'gone' if receipt is None else f'version {receipt.version}'}")
            receipts += [receipt] if receipt else []
        fault = failures[0].message if failures else None
        fed = replace(mount, deliveries=tuple(receipts), fault=fault)
        return Fed(mount=self._entered(mount, fed, failures), failures=tuple(failures), changes=tuple(changes))

    def empty(self, mount: Mount, reason: str) -> None:
        """Wipe all files of a mount; `reason` says why it is over.

        Unlike a delivery this is written down behind it: no log that fails may keep a token where it is not
        wanted. Raises `DeliveryFailed` once the other files are wiped.
        """
        failures = []
        for file in token_files(mount.agent):
            try:
                self.mounts.wipe(mount.agent, file)
            except DomainError as error:
                failures.append(error)
        outcome = failures[0].code if failures else "ok"
        self.audit.record(current_actor(), Action.MOUNT_CLOSE, mount.agent, outcome=outcome, detail=reason)
        if failures:
            raise failures[0]

    def _entered(self, before: Mount, fed: Mount, failures: list[DomainError]) -> Mount:
        if fed != before:
            try:
                self.register.keep(fed)
            except DomainError as error:
                failures.append(error)
        return fed

    def _bring(self, mount: Mount, file: str, secret: str, *, thorough: bool, refilling: bool) -> Delivery | None:
        before = mount.delivered(file)
        info = self.secrets.info(secret)
        is_gone = info is None or (info.expires_at is not None and info.expires_at <= self.clock.now())
        if not thorough and (before is None if is_gone else before and info and before.version == info.version):
            return before
        found = None if is_gone else self.secrets.get(secret)
        if found is None:
            self._withdraw(mount, file, secret, before)
            return None
        return self._deliver(mount, file, found, before, refilling=refilling)

    def _withdraw(self, mount: Mount, file: str, secret: str, before: Delivery | None) -> None:
        if before is None:
            self.mounts.wipe(mount.agent, file)
            return
        with announced(self.audit, Action.MOUNT_DELIVER, mount.agent, detail=f"{secret} is gone"):
            self.mounts.wipe(mount.agent, file)

    def _deliver(
        self, mount: Mount, file: str, secret: Secret, before: Delivery | None, *, refilling: bool
    ) -> Delivery:
        content = (secret.value.reveal() + self.line_ends.of(secret.name)).encode()
        if before is not None and before.version == secret.version:
            is_new = self.mounts.write(mount.agent, file, content, mount.owner)
            return replace(before, since=self.clock.now()) if is_new and not refilling else before
        detail = f"{secret.name}, version {secret.version}"
        with announced(self.audit, Action.MOUNT_DELIVER, mount.agent, detail=detail):
            self.mounts.write(mount.agent, file, content, mount.owner)
        return Delivery(file=file, secret=secret.name, version=secret.version, since=self.clock.now())


def _moved(before: Delivery | None, after: Delivery | None) -> bool:
    return (before.version if before else None) != (after.version if after else None)
