"""The application: its routes, and what surrounds every request."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from app.container import Container
from app.http.access import Access
from app.http.at_most_once import AtMostOnce
from app.http.bodies import BodyLimit
from app.http.cut_off import CutOff
from app.http.denials import Denials
from app.http.description import Description
from app.http.envelope import Envelope
from app.http.gate import Gate
from app.http.problems import from_protocol
from app.http.rate_limits import RateLimits
from app.http.readiness import MIGRATING, Readiness
from app.http.recognition import Recognition
from app.http.resources import resources
from app.http.vault import FOR_EVERY_TOKEN, VaultReads
from app.http.well_formed import WellFormed
from app.metrics import Metrics, metered, sources_of


def build_app(container: Container, readiness: Readiness, *, around: Sequence[Middleware] = ()) -> Starlette:
    """Return the service over HTTP, inside the layers `around` it."""
    settings, metrics = container.settings(), _metrics(container, readiness)
    denials = Denials(container.audit(), container.clock())
    app = Starlette(
        routes=_routes(container, readiness, metrics),
        middleware=[
            *around,
            Middleware(Envelope, measure=metrics.requests),
            Middleware(CutOff),
            Middleware(WellFormed),
            Middleware(Gate, readiness=readiness),
            Middleware(
                Access,
                recognition=_recognition(container, denials),
                denials=denials,
                for_all=FOR_EVERY_TOKEN if settings.vault_compat else (),
            ),
            Middleware(BodyLimit),
        ],
        exception_handlers={HTTPException: _explain},
        lifespan=partial(_lifetime, denials),
    )
    app.router.redirect_slashes = False  # an empty key or name is not there; no other path stands for it
    return app


def _metrics(container: Container, readiness: Readiness) -> Metrics:
    metrics = Metrics()
    metrics.watch(
        sources_of(
            container,
            schema=container.schema_version(),
            reasons=lambda: readiness.reasons,
            is_migrating=lambda: MIGRATING in readiness.reasons,
        )
    )
    return metrics


def _routes(container: Container, readiness: Readiness, metrics: Metrics) -> list[BaseRoute]:
    """Return every route: the resources, their description and, where asked for, what Vault's clients ask."""
    service, once = metered(container, metrics), AtMostOnce(container.named_requests(), container.cipher())
    described = resources(container, service, readiness, metrics)
    vault = VaultReads(service.secrets, service.read_secret, container.clock()).routes()
    asked_for = vault if container.settings().vault_compat else []
    return [*map(once.guard, described), *Description(described).routes(), *asked_for]


def _recognition(container: Container, denials: Denials) -> Recognition:
    settings = container.settings()
    limits = RateLimits(requests=settings.rate_limit, failures=settings.failure_limit)
    return Recognition(container.authenticate(), denials, limits, vault=settings.vault_compat)


@asynccontextmanager
async def _lifetime(denials: Denials, _app: Starlette) -> AsyncIterator[None]:
    yield
    await denials.settle()


async def _explain(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - it is registered for nothing else
    return from_protocol(error)
