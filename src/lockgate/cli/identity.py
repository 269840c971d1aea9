"""The `[identity]` section as the identity commands need it: also on machines that run no gateway."""

from __future__ import annotations

import tomllib
from pathlib import Path

from lockgate.errors import Invalid


def registered(path: Path, application: str) -> bool:
    """Tell whether a configuration registers an application; one that cannot be read registers none."""
    try:
        found = tomllib.loads(path.read_text()).get("applications", [])
    except (OSError, ValueError):
        return False
    return isinstance(found, list) and any(isinstance(one, dict) and one.get("id") == application for one in found)


def identity_section(path: Path) -> dict[str, str]:
    """Return the texts in `[identity]` of a configuration; nothing if there is no such file.

    Raises:
        Invalid: the file is not TOML.

    """
    try:
        section = tomllib.loads(path.read_text()).get("identity", {})
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise Invalid(f"cannot read `{path}`: {error}") from error
    return (
        {name: value for name, value in section.items() if isinstance(value, str)}
        if isinstance(section, dict)
        else {}
    )
