"""What is done with secrets."""

from dependency_injector import providers

from adapters.forges import ForgejoCredentialCheck, PenpotCredentialCheck
from app.container.ground import Ground
from app.container.keys import Keys
from app.container.mounts import Mounts
from app.container.stores import Stores
from app.settings import Settings
from app.usecases.check_credential import CheckCredential
from app.usecases.drill import Drill
from app.usecases.find_damage import FindDamage
from app.usecases.forget_damaged import ForgetDamaged
from app.usecases.read_secret import ReadSecret
from app.usecases.rollback_secret import RollbackSecret
from app.usecases.rotate_agent_token import RotateAgentToken
from app.usecases.store_secret import StoreSecret
from domain.ports import CredentialCheck


def _forge_urls(settings: Settings) -> dict[str, str | None]:
    return {
        "forgejo": settings.forgejo_url,
        "github": settings.github_url,
        "gitlab": settings.gitlab_url,
        "penpot": settings.penpot_url,
    }


class Secrets(Keys):
    """Stored, checked, rolled back, forgotten."""

    forgejo_check: providers.Provider[CredentialCheck] = providers.Singleton(
        ForgejoCredentialCheck, Ground.settings.provided.forgejo_url
    )
    penpot_check: providers.Provider[CredentialCheck] = providers.Singleton(
        PenpotCredentialCheck, Ground.settings.provided.penpot_url
    )
    store_secret: providers.Provider[StoreSecret] = providers.Singleton(
        StoreSecret,
        secrets=Mounts.secrets,
        check=providers.Singleton(CheckCredential, forgejo=forgejo_check, penpot=penpot_check),
        clock=Ground.clock,
    )
    rotate_agent_token: providers.Provider[RotateAgentToken] = providers.Singleton(RotateAgentToken, store=store_secret)
    read_secret: providers.Provider[ReadSecret] = providers.Singleton(
        ReadSecret, secrets=Mounts.secrets, history=Mounts.secret_history
    )
    rollback_secret: providers.Provider[RollbackSecret] = providers.Singleton(
        RollbackSecret,
        secrets=Stores.unaudited_secrets,
        history=Stores.unaudited_secret_history,
        audit=Ground.audit,
        clock=Ground.clock,
        refresh=Mounts.refresh_mounts,
    )
    find_damage: providers.Provider[FindDamage] = providers.Singleton(
        FindDamage, history=Stores.unaudited_secret_history
    )
    forget_damaged: providers.Provider[ForgetDamaged] = providers.Singleton(
        ForgetDamaged, find=find_damage, secrets=Mounts.secrets, history=Mounts.secret_history, backups=Stores.backups
    )
    drill: providers.Provider[Drill] = providers.Singleton(
        Drill,
        secrets=Stores.unaudited_secrets,
        history=Stores.unaudited_secret_history,
        oauth_tokens=Stores.unaudited_oauth_tokens,
        archive=Stores.archive,
        last_acts=Ground.last_acts,
        cipher=Ground.cipher,
        settings=Ground.setting_store,
        clock=Ground.clock,
        forge_urls=providers.Callable(_forge_urls, Ground.settings),
    )
