"""The table of models: what each is, where it is published, what it wants of a machine.

Weights are known by their SHA-256; where the bytes come from does not matter.
"""

from dataclasses import dataclass
from hashlib import file_digest
from importlib.resources import files
from pathlib import Path
from typing import Final

from app.errors import ConfigurationError

_KIB: Final = 1024
_HEADER_BYTES: Final = 64 * 1024**2


@dataclass(frozen=True, slots=True)
class Model:
    """A model that the embedded engine can load: a row of the table, or an operator's own file.

    Packages of the package index may carry the file in parts; ``carriers/<name>.txt`` pins them, in
    order.
    """

    name: str  # what ``GROUNDWORK_MODEL=embedded:<name>`` and the model's answers call it
    file: str  # its name in the cache folder; an own file's whole path
    size: int = 0  # bytes
    sha256: str | None = None  # of the file; None for an own one, which is taken as it is
    licence: str | None = None  # of the weights, as SPDX has it
    repo: str | None = None  # on Hugging Face, which publishes the file under the same name
    revision: str | None = None  # its commit
    part_bytes: int | None = None  # of each such part but the last
    context: int = 4096  # tokens for each slot, unless the operator says otherwise
    slots: int = 4  # requests worked on at once, likewise, where CPUs and memory suffice
    kv_bytes: int = 0  # memory for a token of context, as 16-bit floats; 0: not known
    unknown_above: float | None = None  # probability of "unknown" above which an answer says so
    reads: int = 2_400  # characters of documents that it is shown at most; a CPU reads slowly


MODELS: Final = (
    Model(
        name="qwen2.5-coder-1.5b-instruct",
        file="qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
        size=1_117_320_768,
        sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
        licence="Apache-2.0",
        repo="Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF",
        revision="f86cb2c1fa58255f8052cc32aeede1b7482d4361",
        part_bytes=52_428_800,
        context=8192,
        kv_bytes=28 * _KIB,  # 28 layers of 2 heads of 128, keys and values
        unknown_above=0.12,  # of 80 training questions: right source 40 %, unknown found 55 %
    ),
    Model(
        name="qwen2.5-coder-0.5b-instruct",
        file="qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",
        size=491_400_064,
        sha256="1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
        licence="Apache-2.0",
        repo="Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF",
        revision="ebb2015119c907b064c512bf053e945850b5875f",
        part_bytes=89_128_960,
        context=8192,
        kv_bytes=12 * _KIB,  # 24 layers of 2 heads of 64
    ),
    Model(
        name="gemma-3-270m",
        file="gemma-3-270m-q4_k_m.gguf",
        size=253_113_024,
        sha256="a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818",
        licence="LicenseRef-Gemma",
        part_bytes=63_963_136,
        context=4096,
        kv_bytes=18 * _KIB,  # 18 layers of 1 head of 256
    ),
)
DEFAULT: Final = MODELS[0]


def find_model(name: str) -> Model:
    """A row, or the GGUF file of a path, or the default; ``ConfigurationError`` if neither."""
    if not name:
        return DEFAULT
    for model in MODELS:
        if name == model.name:
            return model
    path = Path(name).expanduser()
    if path.name != name or path.suffix.lower() == ".gguf":
        return Model(name=path.stem, file=str(path.absolute()))
    rows = ", ".join(model.name for model in MODELS)
    raise ConfigurationError(
        f"GROUNDWORK_MODEL: there is no embedded model {name}. "
        f"There are {rows}, or the path of a GGUF file."
    )


def sha256_of(path: Path) -> str:
    """Of a file, in hex."""
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def has_chat_template(path: Path) -> bool:
    """Whether a GGUF file brings a chat template, as a base model's does not."""
    with path.open("rb") as file:  # its metadata stands in front
        return b"tokenizer.chat_template" in file.read(_HEADER_BYTES)


def base_template() -> str:
    """The chat template (Jinja) for a base model, which brings none: pairs of input and output."""
    return files("app.embedded").joinpath("base.jinja").read_text("utf-8")
