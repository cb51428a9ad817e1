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
from itertools import compress
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, ValidationError

from app.embedded.models import Model, sha256_of
from app.errors import ConfigurationError, first_of

NONE: Final = "none"
_SHIPPED: Final = Path(__file__).with_name("adapters")
_HASH_DIGITS: Final = 8
_SLOTS_OF_THE_BASE: Final = 2


class AdapterFile(BaseModel):
    """An adapter for one feature: what ``adapter.toml`` says, and its GGUF file.

    ``logit_bias`` is added to the logit of a token, by its text: how often a model that learnt to say
    "unknown" says so is calibrated by it, on the cases.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    feature: str
    base: str
    instruction: str  # the system text that it was trained with
    is_general: bool = True  # whether it was trained with callers' own parts of the schema, too
    logit_bias: dict[str, float] = {}
    path: Path
    sha256: str

    @property
    def name(self) -> str:
        """For responses and reports: the feature, and the beginning of the file's SHA-256."""
        return f"{self.feature}-{self.sha256[:_HASH_DIGITS]}"


def adapters_of(model: Model, named: Mapping[str, str]) -> tuple[AdapterFile, ...]:
    """The adapters of a base: what is named for a feature (a folder, or ``none``), else our own.

    Raises:
        ConfigurationError: there is no such adapter, or it belongs to another base.
    """
    cards = _SHIPPED.glob(f"{model.name}/*/adapter.toml")
    chosen = {card.parent.name: str(card.parent) for card in cards} | dict(named)
    folders = [(name, Path(path)) for name, path in sorted(chosen.items()) if path != NONE]
    return tuple(_adapter(feature, folder, model) for feature, folder in folders)


def _adapter(feature: str, folder: Path, model: Model) -> AdapterFile:
    path, where = folder / "adapter.gguf", f"GROUNDWORK_ADAPTERS: {feature}={folder}"
    try:
        card = tomllib.loads((folder / "adapter.toml").read_text("utf-8"))
        card |= {"path": path.absolute(), "sha256": sha256_of(path)}
        adapter = AdapterFile.model_validate(card)
    except ValidationError as error:
        raise ConfigurationError(f"{where}: adapter.toml: {first_of(error)}.") from None
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{where}: {error}.") from None
    if (adapter.base, adapter.feature) != (model.name, feature):
        it_is = f"it is for {adapter.feature} on {adapter.base}"
        raise ConfigurationError(f"{where}: {it_is}, not {model.name}.")
    return adapter


def slots_of(adapters: Sequence[AdapterFile]) -> int:
    """How many slots keep what was read: one for each adapter, and some for the base's features.

    More than are worked on at once. Without adapters there is a prompt cache for that.
    """
    return len(adapters) + _SLOTS_OF_THE_BASE if adapters else 1


def asked_by(adapters: Sequence[AdapterFile], feature: str | None) -> dict[str, object]:
    """The members of a request that choose a feature's adapter, or the base alone."""
    if not adapters:
        return {}
    is_own = [adapter.feature == feature for adapter in adapters]
    bias = [pair for each in compress(adapters, is_own) for pair in each.logit_bias.items()]
    scales = [{"id": number, "scale": float(own)} for number, own in enumerate(is_own)]
    return {"lora": scales, "logit_bias": bias} if bias else {"lora": scales}
