"""The engine's process: loads the model, serves it on loopback, ends when its parent ends.

Run by :class:`~app.embedded.engine.Engine`. Reads one line of JSON (a ``ChildConfig``) from
stdin, prints ``ready`` when the server listens, and exits when stdin is closed, which the
operating system does even if the parent is killed.
"""

import os
import sys
from importlib import import_module
from importlib.resources import files
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from app.embedded.engine import ChildConfig
from app.embedded.weights import default_weights, has_chat_template
from app.errors import ConfigurationError

READY = "ready"
_PROMPT_CACHE_MIB = 256  # llama.cpp would take 8 GiB
# A base model goes on with the next pair by itself: these end its turn (see base.jinja).
_BASE_STOP = ["\n\n", "\nInput:"]


def serve(config: ChildConfig) -> object:
    """Start the server; it listens when this returns and lives as long as the result."""
    xllamacpp: Any = import_module("xllamacpp")  # native code: only this process loads it

    weights = Path(config.model_path) if config.model_path else default_weights(config.cache_dir)
    params = xllamacpp.CommonParams()
    params.model.path = str(weights)
    params.model_alias = {config.name}
    params.hostnames = ["127.0.0.1"]
    params.port = config.port
    params.api_keys = [config.key]
    params.ui = False
    params.verbosity = 1
    params.n_parallel = config.slots
    params.n_ctx = config.slots * config.context
    params.cpuparams.n_threads = config.threads or os.cpu_count() or 1
    params.cache_ram_mib = _PROMPT_CACHE_MIB
    params.n_gpu_layers = 0
    params.use_jinja = True
    params.swa_full = True  # without it Gemma's sliding window throws the prompt cache away
    if not has_chat_template(weights):
        params.chat_template = files("app.embedded").joinpath("base.jinja").read_text("utf-8")
        params.antiprompt = _BASE_STOP
    return xllamacpp.Server(params)


def main() -> None:
    """Serve until the parent closes our stdin."""
    config = TypeAdapter(ChildConfig).validate_json(sys.stdin.readline())
    try:
        server = serve(config)
    except (ConfigurationError, ImportError, RuntimeError) as error:
        sys.exit(str(error))
    print(READY, flush=True)  # noqa: T201 # the parent reads it
    sys.stdin.read()
    del server
    os._exit(0)


if __name__ == "__main__":
    main()
