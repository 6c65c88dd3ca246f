"""The flags with which a container runtime mounts a directory: read-only, and as a directory."""

import csv
import io
import json
import shlex

from domain.errors import Invalid


def flags(form: str, source: str, target: str) -> str:
    """Return what to put on a command line, or into a document. Raises `Invalid` for what would need quotes in a shell.

    Docker's `-v` would make a missing source on the disk; `--mount` fails (docs.docker.com, bind mounts).
    """
    match form:
        case "docker" | "podman":
            return _words("--mount", _fields("type=bind", f"source={source}", f"target={target}", "readonly"))
        case "bwrap":
            return _words("--ro-bind", source, target)
    return _as_yaml(source, target)


def _words(*words: str) -> str:
    """Join words so that they may go through a shell variable, in which quotes are none."""
    if shlex.join(words) != " ".join(words):
        raise Invalid(
            "the runtime directory or the target holds what no shell variable carries",
            advice="name a STRONGROOM_RUNTIME_DIR and a target without blanks, commas and quotes, or use --format json",
        )
    return " ".join(words)


def as_mount(source: str, target: str) -> dict[str, object]:
    """Return an entry of `HostConfig.Mounts`, as Docker's Engine API takes it."""
    return {"Type": "bind", "Source": source, "Target": target, "ReadOnly": True}


def _fields(*fields: str) -> str:
    """Join the fields of `--mount`, which are read as one line of CSV."""
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(fields)
    return line.getvalue()


def _as_yaml(source: str, target: str) -> str:
    """Return an entry of a service's `volumes`; JSON's strings are strings of YAML."""
    return "\n".join(
        (
            "- type: bind",
            f"  source: {json.dumps(source)}",
            f"  target: {json.dumps(target)}",
            "  read_only: true",
            "  bind:",
            "    create_host_path: false",
        )
    )
