"""Write the OpenAPI document of the routes as they are now; a test holds the committed copy against them."""

import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from app.boot import open_service
from app.http.description import Description
from app.http.readiness import Readiness
from app.http.resources import resources
from app.metrics import Metrics, metered
from app.setting_sources import load_settings

COPY = Path(__file__).parents[1] / "src" / "app" / "http" / "openapi.json"


def as_text() -> str:
    """Return the document of a service on an empty directory."""
    with TemporaryDirectory() as directory:
        settings = load_settings({}, {"state_dir": f"{directory}/state", "config_dir": f"{directory}/config"})
        container, metrics = open_service(settings), Metrics()
        try:
            described = resources(container, metered(container, metrics), Readiness(), metrics)
            return json.dumps(Description(described).document, indent=1) + "\n"
        finally:
            container.database().close()


if __name__ == "__main__":
    COPY.write_text(as_text())
    sys.stdout.write(f"wrote {COPY.name}\n")
