"""Which resources are served, and what each is given. Use cases are taken from the container here, not per request."""

from functools import partial

from app.boot import migrate
from app.container import Container
from app.http.agents import Agents
from app.http.api_tokens import ApiTokens
from app.http.audit import Audit
from app.http.backups import Backups
from app.http.browsers import Browsers
from app.http.health import Health
from app.http.jobs import Jobs
from app.http.keys import Keys
from app.http.metrics import MetricsPage
from app.http.migrations import Migrations
from app.http.oauth import OAuth, OAuthActs
from app.http.readiness import Readiness
from app.http.routing import Resource
from app.http.secrets import SecretActs, Secrets
from app.http.sessions import Sessions
from app.http.settings import SettingResource
from app.metrics import Metered, Metrics


def resources(container: Container, service: Metered, readiness: Readiness, metrics: Metrics) -> list[Resource]:
    """Return the resources of the API; `service` are the stores and use cases of `container`, measured by `metrics`."""
    settings = SettingResource(container.settings(), container.setting_store(), container.change_settings())
    served = (
        Health(readiness, container.ledger(), container.audit()),
        _sessions(container, service, settings),
        Secrets(service.secrets, service.secret_history, _secret_acts(container, service)),
        Agents(service.secrets, service.rotate_agent_token),
        OAuth(_oauth_acts(container, service), Browsers(container.settings().public_url)),
        Keys(container.key_status(), container.rotate_data_keys()),
        _migrations(container),
        Backups(container.backups(), container.prune_backups(), keep=lambda: settings.current().backup_keep),
        Jobs(container.schedule()),
        ApiTokens(container.api_tokens(), container.create_api_token(), container.clock()),
        Audit(container.read_audit()),
        settings,
        MetricsPage(metrics.render),
    )
    return [resource for each in served for resource in each.routes()]


def _sessions(container: Container, service: Metered, settings: SettingResource) -> Sessions:
    return Sessions(
        service.sessions,
        service.prune_sessions,
        container.clock(),
        ttl_days=lambda: settings.current().session_ttl_days,
    )


def _migrations(container: Container) -> Migrations:
    run = container.migrate()
    return Migrations(
        container.ledger(),
        [migration.id for migration in run.migrations],
        run=partial(migrate, container),
        plan=partial(run, dry_run=True),
    )


def _secret_acts(container: Container, service: Metered) -> SecretActs:
    return SecretActs(
        read=service.read_secret,
        store=service.store_secret,
        roll_back=service.rollback_secret,
        find_damage=service.find_damage,
        last_acts=container.last_acts(),
    )


def _oauth_acts(container: Container, service: Metered) -> OAuthActs:
    return OAuthActs(
        look=service.look_at_connection,
        begin=container.begin_authorization(),
        finish=service.finish_authorization,
        refresh=service.refresh_connection,
        give_out=service.give_out_access_token,
        disconnect=service.disconnect,
    )
