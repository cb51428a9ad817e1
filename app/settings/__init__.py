"""The service's settings: what there are, what may be written, how they are read."""

from app.settings.fields import PREFIX, Role, Settings
from app.settings.loading import environment_name, load_settings, settings_table

__all__ = ["PREFIX", "Role", "Settings", "environment_name", "load_settings", "settings_table"]
