"""Where batches are kept when nobody says where."""

import os
from pathlib import Path


def data_folder() -> Path:
    """The user's own folder of data (XDG Base Directory Specification)."""
    named = os.environ.get("XDG_DATA_HOME", "")
    home = Path(named) if Path(named).is_absolute() else Path.home() / ".local" / "share"
    return home / "groundwork"


def database_in(folder: Path) -> str:
    """The URL of the SQLite file in a folder."""
    return f"sqlite:///{folder / 'batches.db'}"
