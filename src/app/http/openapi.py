"""The OpenAPI 3.1 document, made of the routes and of the models that they are checked with."""

import re
from collections.abc import Iterable, Iterator, Mapping
from http import HTTPStatus
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from app.http import answers
from app.http.operations import Operation
from app.http.parameters import IDEMPOTENCY_KEY, IF_MATCH, IF_NONE_MATCH, of_path, of_query
from app.http.routing import Handler, Resource
from app.version import __version__

_COMPONENT = "#/components/schemas/{model}"
_ABOUT = """State and secrets of claude-hooks. Errors are `application/problem+json` (RFC 9457) with a stable `code`.

A caller shows a bearer token whose grants match the method and the percent-decoded path; who comes over
the Unix socket as our own user needs none. Instants are milliseconds since the Unix epoch, UTC."""

_OF_EVERY: Final = (
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.INTERNAL_SERVER_ERROR,
    HTTPStatus.SERVICE_UNAVAILABLE,
)
_OF_BODIES: Final = (
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    HTTPStatus.UNPROCESSABLE_ENTITY,
)


def document(resources: Iterable[Resource]) -> dict[str, Any]:
    """Return the document of `resources`, its parts in the order of the routes."""
    listed = list(resources)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Strongroom",
            "version": __version__,
            "description": _ABOUT,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "security": [{"token": []}],
        "paths": {_template(each.path): dict(_methods(each)) for each in listed},
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "bearerFormat": "srt_…"}},
            "schemas": _schemas(listed),
            "responses": {_response_name(status): _problem_response(status) for status in _statuses(listed)},
        },
    }


def _template(path: str) -> str:
    """Write a route's path without Starlette's convertors."""
    return re.sub(r":path}", "}", path)


def _methods(resource: Resource) -> Iterator[tuple[str, dict[str, Any]]]:
    for method, handler in resource.handlers.items():
        yield method.lower(), _described(resource, method, handler)


def _described(resource: Resource, method: str, handler: Handler) -> dict[str, Any]:
    operation = resource.operations[method]
    owner, _, name = handler.__qualname__.rpartition(".")
    summary, _, more = (handler.__doc__ or "").strip().partition("\n")
    said: dict[str, Any] = {
        "operationId": f"{_in_kebab(owner)}-{name.replace('_', '-')}",
        "tags": [_in_kebab(owner)],
        "summary": summary.rstrip("."),
        "description": " ".join(more.split()),
        "security": [] if operation.is_open else None,
        "parameters": _parameters(resource, operation) or None,
        "requestBody": _request_body(operation),
        "responses": {
            **_successes(operation),
            **{str(int(status)): {"$ref": _ref(status)} for status in _refusals(resource, operation)},
        },
    }
    return {key: value for key, value in said.items() if value is not None and value != ""}


def _in_kebab(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", name).lower()


def _parameters(resource: Resource, operation: Operation) -> list[dict[str, Any]]:
    found = [of_path(resource.path, name) for name in resource.param_convertors]
    if operation.query is not None:
        found += of_query(operation.query)
    if operation.conditional:
        found += [IF_MATCH, IF_NONE_MATCH]
    if operation.at_most_once:
        found.append(IDEMPOTENCY_KEY)
    return found


def _request_body(operation: Operation) -> dict[str, Any] | None:
    if operation.takes is None:
        return None
    needed = any(field.is_required() for field in operation.takes.model_fields.values())
    return {"required": needed, "content": {"application/json": {"schema": _schema_of(operation.takes)}}}


def _successes(operation: Operation) -> dict[str, Any]:
    return {
        str(int(status)): _success(operation, status)
        for status in (operation.status, operation.or_status)
        if status is not None
    }


def _success(operation: Operation, status: int) -> dict[str, Any]:
    said: dict[str, Any] = {"description": HTTPStatus(status).phrase}
    if operation.tagged:
        said["headers"] = {"ETag": {"description": "The version.", "schema": {"type": "string"}}}
    if operation.media_type is not None:
        said["content"] = {operation.media_type: {"schema": {"type": "string"}}}
    elif operation.answers is not None:
        said["content"] = {"application/json": {"schema": _schema_of(operation.answers)}}
    return said


def _refusals(resource: Resource, operation: Operation) -> list[int]:
    """Tell the statuses of every way in which an operation may be refused."""
    found: set[int] = {int(HTTPStatus.INTERNAL_SERVER_ERROR), *operation.refuses}
    if not operation.is_open:
        found.update(_OF_EVERY)
    if resource.param_convertors:
        found.add(HTTPStatus.NOT_FOUND)
    if operation.takes is not None:
        found.update(_OF_BODIES)
    if operation.query is not None or operation.conditional:
        found.add(HTTPStatus.UNPROCESSABLE_ENTITY)
    if operation.conditional:
        found.add(HTTPStatus.PRECONDITION_FAILED)
    if operation.at_most_once:
        found.update({HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY})
    return sorted(found)


def _statuses(resources: Iterable[Resource]) -> list[int]:
    return sorted(
        {
            status
            for resource in resources
            for operation in resource.operations.values()
            for status in _refusals(resource, operation)
        }
    )


def _response_name(status: int) -> str:
    return "".join(word.capitalize() for word in re.findall("[A-Za-z]+", HTTPStatus(status).phrase))


def _ref(status: int) -> str:
    return f"#/components/responses/{_response_name(status)}"


def _problem_response(status: int) -> dict[str, Any]:
    content = {"application/problem+json": {"schema": _schema_of(answers.Problem)}}
    return {"description": HTTPStatus(status).phrase, "content": content}


def _schema_of(model: type[BaseModel]) -> dict[str, str]:
    return {"$ref": _COMPONENT.format(model=model.__name__)}


def _schemas(resources: Iterable[Resource]) -> Mapping[str, Any]:
    operations = [operation for each in resources for operation in each.operations.values()]
    taken = {operation.takes for operation in operations if operation.takes}
    answered = {operation.answers for operation in operations if operation.answers} | {answers.Problem}
    wanted: list[tuple[type[BaseModel], Any]] = [(model, "validation") for model in taken]
    wanted += [(model, "serialization") for model in answered]
    wanted.sort(key=lambda each: each[0].__name__)
    _, schemas = models_json_schema(wanted, ref_template=_COMPONENT)
    return dict(sorted(schemas["$defs"].items()))
