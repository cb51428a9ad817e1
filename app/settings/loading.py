"""Read the settings, and refuse in one line what is unknown, wrong or does not go together."""

import difflib
import os
from collections.abc import Mapping
from typing import Any, get_args

from dotenv import dotenv_values
from pydantic import ValidationError
from pydantic.fields import FieldInfo

from app.errors import ConfigurationError
from app.settings.fields import ENV_FILE, PREFIX, Role, Settings


def environment_name(field: str, info: FieldInfo) -> str:
    """Name of the environment variable that sets ``field``."""
    alias = info.validation_alias
    return alias if isinstance(alias, str) else f"{PREFIX}{field}".upper()


def load_settings(**given: Any) -> Settings:
    """Read the settings; those that are ``given``, by their fields' names, are not looked for.

    Raises:
        ConfigurationError: a setting is unknown or wrong; the text names it in one line.
    """
    _refuse_unknown({**dotenv_values(ENV_FILE), **os.environ})
    try:
        settings = Settings(**given)
    except ValidationError as error:
        first = error.errors()[0]
        location, message = str(first["loc"][0]), first["msg"].removeprefix("Value error, ")
        field = Settings.model_fields.get(location)
        name = environment_name(location, field) if field else location
        raise ConfigurationError(f"{name}: {message}.") from None
    _require_key(settings, "")
    _require_llama_cpp(settings)
    if settings.limit_budget and not settings.prices:
        raise ConfigurationError(f"{PREFIX}LIMIT_BUDGET needs {PREFIX}PRICES.")
    for share in ("shadow", "canary"):
        if getattr(settings, share) and not settings.candidate:
            msg = f"{PREFIX}{share.upper()} needs a model to ask: set {PREFIX}CANDIDATE."
            raise ConfigurationError(msg)
    for role in get_args(Role):
        for name in (f"{role}_base_url", f"{role}_api_key"):
            if getattr(settings, name) and not getattr(settings, role):
                msg = f"{PREFIX}{name.upper()} is of no use without {PREFIX}{role.upper()}."
                raise ConfigurationError(msg)
        if other := settings.beside(role):
            _require_key(other, f"{role.upper()}_")
    return settings


def _require_key(settings: Settings, role: str) -> None:
    provider = settings.model_name.provider
    if provider != "embedded" and not settings.base_url and not settings.upstream_key:
        raise ConfigurationError(
            f"{PREFIX}{role.removesuffix('_') or 'MODEL'}={settings.model} needs a key: "
            f"set {provider.upper()}_API_KEY or {PREFIX}{role}API_KEY."
        )


def _require_llama_cpp(settings: Settings) -> None:
    numbered = settings.adapter_numbers
    is_possible = settings.model_name.provider == "openai" and settings.base_url
    for feature, name in settings.adapters.items():
        if name.startswith("lora:") and not (is_possible and feature in numbered):
            raise ConfigurationError(
                f"{PREFIX}ADAPTERS: {feature}={name}: must be lora: and a number, with an openai: "
                f"model whose server, a llama.cpp one, {PREFIX}BASE_URL names."
            )


def _refuse_unknown(environment: Mapping[str, str | None]) -> None:
    known = {environment_name(*item) for item in Settings.model_fields.items()}
    for name in sorted(environment):
        if name.upper().startswith(PREFIX) and name.upper() not in known:
            near = difflib.get_close_matches(name.upper(), known, n=1)
            hint = f"Did you mean {near[0]}?" if near else "See `groundwork settings`."
            raise ConfigurationError(f"{name}: there is no such setting. {hint}")


def settings_table() -> str:
    """The settings as a Markdown table (that of ``docs/settings.md``)."""
    rows = ["| Setting | Default | Meaning |", "|---|---|---|"]
    for name, info in Settings.model_fields.items():
        default = "" if info.default in (None, ()) else f"`{info.default}`"
        meaning = " ".join((info.description or "").split())
        rows.append(f"| `{environment_name(name, info)}` | {default} | {meaning} |")
    return "\n".join(rows)
