"""The resources put together into one application, and what surrounds every request."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from app.boot import migrate
from app.container import Container
from app.http.access import Access
from app.http.agents import Agents
from app.http.api_tokens import ApiTokens
from app.http.audit import Audit
from app.http.bodies import BodyLimit
from app.http.browsers import Browsers
from app.http.denials import Denials
from app.http.envelope import Envelope
from app.http.gate import Gate
from app.http.health import Health
from app.http.keys import Keys
from app.http.migrations import Migrations
from app.http.oauth import OAuth, OAuthActs
from app.http.problems import from_protocol
from app.http.readiness import Readiness
from app.http.secrets import SecretActs, Secrets
from app.http.sessions import Sessions


def build_app(container: Container, readiness: Readiness) -> Starlette:
    """Return the service over HTTP. Use cases are taken from the container here, not per request."""
    clock = container.clock()
    denials = Denials(container.audit(), clock)
    app = Starlette(
        routes=_routes(container, readiness),
        middleware=[
            Middleware(Envelope),
            Middleware(Gate, readiness=readiness),
            Middleware(Access, authenticate=container.authenticate(), denials=denials, clock=clock),
            Middleware(BodyLimit),
        ],
        exception_handlers={HTTPException: _explain},
        lifespan=partial(_lifetime, denials),
    )
    app.router.redirect_slashes = False  # an empty key or name is not there; no other path stands for it
    return app


@asynccontextmanager
async def _lifetime(denials: Denials, _app: Starlette) -> AsyncIterator[None]:
    yield
    await denials.settle()


def _routes(container: Container, readiness: Readiness) -> list[BaseRoute]:
    settings, clock, ledger = container.settings(), container.clock(), container.ledger()
    secrets, migrations = container.secrets(), container.migrate()
    resources = (
        Health(readiness, ledger, container.audit()),
        Sessions(container.sessions(), container.prune_sessions(), ttl_days=settings.session_ttl_days),
        Secrets(secrets, container.secret_history(), _secret_acts(container)),
        Agents(secrets, container.rotate_agent_token()),
        OAuth(_oauth_acts(container), Browsers(settings.public_url)),
        Keys(container.key_status(), container.rotate_data_keys()),
        Migrations(
            ledger,
            [migration.id for migration in migrations.migrations],
            run=partial(migrate, container),
            plan=partial(migrations, dry_run=True),
        ),
        ApiTokens(container.api_tokens(), container.create_api_token(), clock),
        Audit(container.read_audit()),
    )
    return [route for each in resources for route in each.routes()]


def _secret_acts(container: Container) -> SecretActs:
    return SecretActs(
        read=container.read_secret(),
        store=container.store_secret(),
        roll_back=container.rollback_secret(),
        find_damage=container.find_damage(),
        last_acts=container.last_acts(),
    )


def _oauth_acts(container: Container) -> OAuthActs:
    return OAuthActs(
        look=container.look_at_connection(),
        begin=container.begin_authorization(),
        finish=container.finish_authorization(),
        refresh=container.refresh_connection(),
        give_out=container.give_out_access_token(),
        disconnect=container.disconnect(),
    )


async def _explain(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - it is registered for nothing else
    return from_protocol(error)
