"""An adapter as llama.cpp reads it: GGUF with ``general.type = adapter``.

Reference: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""

import re
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import numpy as np

gguf: Any = import_module("gguf")  # of the extra `tune`

_WEIGHT: Final = re.compile(r".+\.layers\.(\d+)\.\w+\.(\w+)\.lora_([AB])\.\w+\.weight")
_NAMES: Final = {
    "q_proj": "attn_q",
    "k_proj": "attn_k",
    "v_proj": "attn_v",
    "o_proj": "attn_output",
    "gate_proj": "ffn_gate",
    "up_proj": "ffn_up",
    "down_proj": "ffn_down",
}


def architecture_of(base: Path) -> str:
    """A GGUF model's architecture, such as ``qwen2``."""
    field = gguf.GGUFReader(base).get_field("general.architecture")
    return str(field.contents()) if field else ""


def write_adapter(
    file: Path, weights: Mapping[str, Any], *, architecture: str, alpha: float
) -> None:
    """Write an adapter's weights, in PEFT's names, as 16-bit floats; whole or not at all."""
    partial = file.with_suffix(".partial")
    writer = gguf.GGUFWriter(partial, architecture)
    writer.add_type("adapter")
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", alpha)
    for name, weight in weights.items():
        found = _WEIGHT.fullmatch(name)
        if not found:
            raise ValueError(f"{name} is no weight of an adapter.")
        layer, part, side = found.groups()
        told = f"blk.{layer}.{_NAMES[part]}.weight.lora_{side.lower()}"
        writer.add_tensor(told, weight.astype(np.float16))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    partial.replace(file)
