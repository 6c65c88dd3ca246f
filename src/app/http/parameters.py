"""Parameters as the OpenAPI document describes them: of paths, of queries, and headers that matter."""

from typing import Any, Final

from pydantic import BaseModel

from domain.values import AGENT_PATTERN, FORGES, SECRET_NAME_PATTERN, TEXT_LIMIT

# As `domain.values` has it, but for halves of surrogate pairs, which no JSON document can name.
_SESSION_KEY = rf"(?:{'|'.join(FORGES)}):{AGENT_PATTERN}:[^\x00-\x1f\x7f-\x9f]+:[A-Za-z0-9#!._-]{{1,64}}"

_OF_PATHS: Final = {
    "sessions": ({"type": "string", "maxLength": TEXT_LIMIT, "pattern": f"^{_SESSION_KEY}$"}, "A session's key."),
    "secrets": ({"type": "string", "pattern": f"^{SECRET_NAME_PATTERN}$"}, "A secret's name."),
    "agents": ({"type": "string", "pattern": f"^{AGENT_PATTERN}$"}, "An agent's name."),
    "oauth": ({"type": "string", "enum": list(FORGES)}, "A forge."),
    "api-tokens": ({"type": "string", "pattern": "^[0-9a-f]{16}$"}, "The id of an API token."),
    "backups": ({"type": "string", "pattern": r"^[A-Za-z0-9._-]{1,200}$"}, "The file of a backup."),
}


def _header(name: str, pattern: str, description: str) -> dict[str, Any]:
    return {
        "name": name,
        "in": "header",
        "required": False,
        "description": description,
        "schema": {"type": "string", "pattern": pattern},
    }


IF_MATCH: Final = _header(
    "If-Match", r'^"[1-9][0-9]{0,17}"$', "The ETag that must be the current one; 412 if it is not."
)
IF_NONE_MATCH: Final = _header("If-None-Match", r"^\*$", "`*`: only if there is none yet; 412 if there is.")
IDEMPOTENCY_KEY: Final = _header(
    "Idempotency-Key",
    r"^[!-~]{1,255}$",
    "A name of the caller's choice for this request. Sent again with it, the request is not done again: "
    "the first answer is given once more, for 24 hours.",
)


def of_path(path: str, name: str) -> dict[str, Any]:
    """Describe the part of `path` that is called `name`; what it is, the first step tells."""
    schema, description = _OF_PATHS[path.split("/")[1]]
    return {"name": name, "in": "path", "required": True, "description": description, "schema": schema}


def of_query(model: type[BaseModel]) -> list[dict[str, Any]]:
    """Describe each parameter of a query; one that may be left out is never null."""
    schema = model.model_json_schema(mode="validation")
    return [
        {"name": name, "in": "query", "required": False, **_without_null(said)}
        for name, said in schema["properties"].items()
    ]


def _without_null(said: dict[str, Any]) -> dict[str, Any]:
    choices = [each for each in said.get("anyOf", [said]) if each.get("type") != "null"]
    schema = {key: value for key, value in choices[0].items() if key not in {"title", "description", "default"}}
    if said.get("default") is not None:
        schema["default"] = said["default"]
    described = choices[0].get("description") or said.get("description")
    return {"schema": schema, **({"description": described} if described else {})}
