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
from typing import Final

from pydantic import BaseModel, ConfigDict, ValidationError

from app.embedded.models import Model
from app.errors import ConfigurationError, first_of

NONE: Final = "none"
_SHIPPED: Final = Path(__file__).with_name("adapters")
_HASH_DIGITS: Final = 8
_SLOTS_OF_THE_BASE: Final = 2


class _Card(BaseModel):
    """``adapter.toml``."""

    model_config = ConfigDict(extra="forbid")

    feature: str
    base: str
    instruction: str
    is_general: bool = True
    logit_bias: dict[str, float] = {}


@dataclass(frozen=True, slots=True)
class AdapterFile:
    """An adapter for one feature.

    Attributes:
        feature: its name.
        path: the GGUF file.
        sha256: of that file.
        instruction: the system text that it was trained with.
        is_general: whether it was trained with callers' own parts of the schema, too.
        logit_bias: what is added to the logit of a token, by its text: how often a model that
            learnt to say "unknown" says so is calibrated by it, on the cases.
    """

    feature: str
    path: Path
    sha256: str
    instruction: str
    is_general: bool
    logit_bias: Mapping[str, float]

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
    return AdapterFile(
        feature, path.absolute(), digest, card.instruction, card.is_general, card.logit_bias
    )


def slots_of(adapters: Sequence[AdapterFile]) -> int:
    """How many slots keep what was read: one for each adapter, and some for the base's features.

    More than are worked on at once. Without adapters there is a prompt cache for that.
    """
    return len(adapters) + _SLOTS_OF_THE_BASE if adapters else 1


def asked_by(adapters: Sequence[AdapterFile], feature: str | None) -> dict[str, object]:
    """The members of a request that choose a feature's adapter, or the base alone."""
    if not adapters:
        return {}
    bias = [
        pair for each in adapters if each.feature == feature for pair in each.logit_bias.items()
    ]
    scales = [
        {"id": number, "scale": float(adapter.feature == feature)}
        for number, adapter in enumerate(adapters)
    ]
    asked: dict[str, object] = {"lora": scales}
    return asked | {"logit_bias": bias} if bias else asked
