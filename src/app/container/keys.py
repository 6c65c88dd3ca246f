"""What is done with keys."""

from dependency_injector import providers

from adapters.crypto import create_sealing_key, open_canaries, rewrap
from app.container.ground import Ground
from app.container.migrations import Migrations
from app.usecases.change_master_key import ChangeMasterKey
from app.usecases.key_kit import MakeKeyKit, ProveKeyKit
from app.usecases.key_status import KeyStatus
from app.usecases.rotate_data_keys import RotateDataKeys
from app.usecases.succeed_data_key import SucceedDataKey
from app.usecases.verify_keys import VerifyKeys


class Keys(Migrations):
    """Rotated, changed, verified, and kept offline."""

    rotate_data_keys: providers.Provider[RotateDataKeys] = providers.Singleton(
        RotateDataKeys,
        keys=Ground.data_keys,
        rows=Ground.sealed_rows,
        key_source=Ground.key_source,
        create_sealing_key=providers.Object(create_sealing_key),
        lock=Ground.rotation_lock,
        audit=Ground.audit,
        clock=Ground.clock,
        progress=Ground.progress,
    )
    succeed_data_key: providers.Provider[SucceedDataKey] = providers.Singleton(
        SucceedDataKey,
        keys=Ground.data_keys,
        create_sealing_key=providers.Object(create_sealing_key),
        clock=Ground.clock,
        audit=Ground.audit,
    )
    change_master_key: providers.Provider[ChangeMasterKey] = providers.Singleton(
        ChangeMasterKey,
        keys=Ground.data_keys,
        key_source=Ground.key_source,
        rewrap=providers.Object(rewrap),
        settings=Ground.unaudited_setting_store,
        lock=Ground.lock,
        audit=Ground.audit,
        progress=Ground.progress,
    )
    key_status: providers.Provider[KeyStatus] = providers.Singleton(
        KeyStatus,
        keys=Ground.data_keys,
        rows=Ground.sealed_rows,
        key_source=Ground.key_source,
        cipher=Ground.cipher,
        settings=Ground.unaudited_setting_store,
    )
    verify_keys: providers.Provider[VerifyKeys] = providers.Singleton(
        VerifyKeys, rows=Ground.sealed_rows, progress=Ground.progress
    )
    make_key_kit: providers.Provider[MakeKeyKit] = providers.Singleton(
        MakeKeyKit,
        key_source=Ground.key_source,
        settings=Ground.unaudited_setting_store,
        audit=Ground.audit,
        clock=Ground.clock,
    )
    prove_key_kit: providers.Provider[ProveKeyKit] = providers.Singleton(
        ProveKeyKit,
        keys=Ground.data_keys,
        open_canaries=providers.Object(open_canaries),
        settings=Ground.unaudited_setting_store,
        audit=Ground.audit,
        clock=Ground.clock,
    )
