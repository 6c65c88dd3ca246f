"""Token mounts, and the stores of secrets that stand in front of them."""

from dependency_injector import providers

from adapters.filesystem import DirectoryTokenMount, FileMountRegister
from adapters.system import ProcMountWatch
from app.container.ground import Ground
from app.container.stores import Stores
from app.usecases.audited_secrets import AuditedSecretHistory, AuditedSecretStore
from app.usecases.mounts.delivered_secrets import DeliveredSecretHistory, DeliveredSecretStore
from app.usecases.mounts.feed import FeedMount
from app.usecases.mounts.line_ends import LineEnds
from app.usecases.mounts.look import LookAtMounts
from app.usecases.mounts.opening import CloseMount, OpenMount
from app.usecases.mounts.reconcile import ReconcileMounts
from app.usecases.mounts.refresh import RefreshMounts
from app.usecases.read_secret import ReadSecret
from domain.ports import MountRegister, MountWatch, SecretHistory, SecretStore, TokenMount


class Mounts(Stores):
    """Faces are given `secrets` and `secret_history`; the library `library_secrets`, which leaves no events."""

    token_mount: providers.Provider[TokenMount] = providers.Singleton(
        DirectoryTokenMount, Ground.settings.provided.runtime_dir, service=Ground.service_identity
    )
    mount_register: providers.Provider[MountRegister] = providers.Singleton(
        FileMountRegister, Ground.settings.provided.runtime_dir, service=Ground.service_identity
    )
    mount_watch: providers.Provider[MountWatch] = providers.Singleton(
        ProcMountWatch, Ground.settings.provided.runtime_dir
    )
    line_ends: providers.Provider[LineEnds] = providers.Singleton(LineEnds, Ground.unaudited_setting_store)
    feed_mount: providers.Provider[FeedMount] = providers.Singleton(
        FeedMount,
        secrets=Stores.unaudited_secrets,
        mounts=token_mount,
        register=mount_register,
        line_ends=line_ends,
        audit=Ground.audit,
        clock=Ground.clock,
    )
    refresh_mounts: providers.Provider[RefreshMounts] = providers.Singleton(
        RefreshMounts, feed=feed_mount, lock=Ground.mounts_lock
    )
    library_secrets: providers.Provider[SecretStore] = providers.Singleton(
        DeliveredSecretStore, Stores.unaudited_secrets, refresh_mounts
    )
    secrets: providers.Provider[SecretStore] = providers.Singleton(
        DeliveredSecretStore,
        providers.Singleton(AuditedSecretStore, Stores.unaudited_secrets, Ground.audit),
        refresh_mounts,
    )
    secret_history: providers.Provider[SecretHistory] = providers.Singleton(
        DeliveredSecretHistory,
        providers.Singleton(AuditedSecretHistory, Stores.unaudited_secret_history, Ground.audit),
        refresh_mounts,
    )
    open_mount: providers.Provider[OpenMount] = providers.Singleton(
        OpenMount,
        feed=feed_mount,
        read=providers.Singleton(ReadSecret, secrets=Stores.unaudited_secrets, history=Stores.unaudited_secret_history),
        watch=mount_watch,
        lock=Ground.mounts_lock,
    )
    close_mount: providers.Provider[CloseMount] = providers.Singleton(
        CloseMount, feed=feed_mount, watch=mount_watch, lock=Ground.mounts_lock
    )
    reconcile_mounts: providers.Provider[ReconcileMounts] = providers.Singleton(
        ReconcileMounts, feed=feed_mount, watch=mount_watch, lock=Ground.mounts_lock
    )
    look_at_mounts: providers.Provider[LookAtMounts] = providers.Singleton(
        LookAtMounts, feed=feed_mount, watch=mount_watch
    )
