"""LoRA adapters of the embedded models: one base in memory, some megabytes for each feature.

An adapter is a folder::

    adapter.gguf    the weights, as llama.cpp reads them
    adapter.toml    which base it belongs to, and how it was trained
    report.md       what it was trained on, and what it does to the cases

Those that come with Groundwork lie in ``adapters/<model>/<feature>/``.

llama.cpp (issue 26207) answers a request that names no adapter with what it has read under another
one, and its prompt cache gives one adapter the state of another. So each request names the scale of
every adapter, those that it does not want with 0, and there is no prompt cache beside the slots.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.embedded.models import Model
from app.errors import ConfigurationError, first_of

NONE: Final = "none"
_SHIPPED: Final = Path(__file__).with_name("adapters")
_HASH_DIGITS: Final = 8


class _Card(BaseModel):
    """``adapter.toml``."""

    model_config = ConfigDict(extra="forbid")

    feature: str
    base: str
    instruction: str
    unknown_above: Annotated[float, Field(ge=0, le=1)] | None = None


@dataclass(frozen=True, slots=True)
class AdapterFile:
    """An adapter for one feature.

    Attributes:
        feature: its name.
        path: the GGUF file.
        sha256: of that file.
        instruction: the system text that it was trained with.
        unknown_above: of answers, as ``Model.unknown_above``.
    """

    feature: str
    path: Path
    sha256: str
    instruction: str
    unknown_above: float | None

    @property
    def name(self) -> str:
        """For responses and reports: the feature, and the beginning of the file's SHA-256."""
        return f"{self.feature}-{self.sha256[:_HASH_DIGITS]}"


def adapters_of(model: Model, named: Mapping[str, str]) -> tuple[AdapterFile, ...]:
    """The adapters of a model: what the operator names for a feature, else what comes with us.

    Args:
        model: the base.
        named: by feature, a folder, or ``none``.

    Raises:
        ConfigurationError: there is no such adapter, or it belongs to another base.
    """
    shipped = {
        card.parent.name: card.parent for card in _SHIPPED.glob(f"{model.name}/*/adapter.toml")
    }
    chosen = {**{name: str(path) for name, path in shipped.items()}, **named}
    folders = [(name, Path(path)) for name, path in sorted(chosen.items()) if path != NONE]
    return tuple(_adapter(feature, folder, model) for feature, folder in folders)


def _adapter(feature: str, folder: Path, model: Model) -> AdapterFile:
    path, where = folder / "adapter.gguf", f"GROUNDWORK_ADAPTERS: {feature}={folder}"
    try:
        card = _Card.model_validate(tomllib.loads((folder / "adapter.toml").read_text("utf-8")))
        with path.open("rb") as file:
            digest = file_digest(file, "sha256").hexdigest()
    except ValidationError as error:
        raise ConfigurationError(f"{where}: adapter.toml: {first_of(error)}.") from None
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{where}: {error}.") from None
    if (card.base, card.feature) != (model.name, feature):
        raise ConfigurationError(
            f"{where}: it is for {card.feature} on {card.base}, not {model.name}."
        )
    return AdapterFile(feature, path.absolute(), digest, card.instruction, card.unknown_above)


def slots_of(adapters: Sequence[AdapterFile]) -> int:
    """Slots at least: one for each adapter, one for the base, so that each keeps what it read."""
    return len(adapters) + 1 if adapters else 0


def asked_by(adapters: Sequence[AdapterFile], feature: str | None) -> dict[str, object]:
    """The members of a request that choose a feature's adapter, or the base alone."""
    if not adapters:
        return {}
    scales = [
        {"id": number, "scale": float(adapter.feature == feature)}
        for number, adapter in enumerate(adapters)
    ]
    return {"lora": scales}
