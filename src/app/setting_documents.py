"""The JSON documents about settings that the command line and HTTP both show."""

from app.masking import shown_value
from app.settings import PREFIX, SPECS, Settings


def setting(settings: Settings, name: str) -> dict[str, object]:
    """Show one setting: its value, a secret masked, and where that came from."""
    return {
        "name": name,
        "variable": PREFIX + name.upper(),
        "value": shown_value(getattr(settings, name)),
        "origin": settings.origins[name],
        "meaning": SPECS[name]["meaning"],
        "editable": settings.may_be_stored(name),
    }
