"""The engine's process: loads the model, serves it on loopback, ends when its parent ends.

Run by :class:`~app.embedded.engine.Engine`. Reads one line of JSON (a ``ChildConfig``) from
stdin; prints what it does meanwhile, a line each, and ``ready`` when the server listens; and ends
when stdin is closed, which the operating system does even if the parent is killed.
"""

import os
import signal
import sys
import threading
from contextlib import suppress
from importlib import import_module
from typing import Any, Final

from pydantic import TypeAdapter

from app.embedded.engine import READY, ChildConfig
from app.embedded.models import base_template, find_model, has_chat_template
from app.embedded.weights import bring
from app.errors import ConfigurationError

_PROMPT_CACHE_MIB: Final = 512  # some prompts of each feature; llama.cpp would take 8 GiB
_ALIKE: Final = 0.03  # part of a prompt that a slot must have read, beyond a template's beginning
# A base model goes on with the next pair by itself: these end its turn (see base.jinja).
_BASE_STOP: Final = ["\n\n", "\nInput:"]


def serve(config: ChildConfig) -> object:
    """Start the server; it listens when this returns and lives as long as the result."""
    xllamacpp: Any = import_module("xllamacpp")  # native code: only this process loads it

    model = find_model(config.model)
    fetched = "The embedded model is being fetched"
    weights = bring(model, config.cache_dir, say=lambda line: _tell(f"{fetched}: {line}"))
    _tell("The embedded model is loading.")
    params = xllamacpp.CommonParams()
    params.model.path = str(weights)
    params.model_alias = {model.name}
    params.hostnames = ["127.0.0.1"]
    params.port = config.port
    params.api_keys = [config.key]
    params.ui = False
    params.verbosity = 1
    params.n_parallel = config.slots
    params.n_ctx = config.slots * config.context
    params.cpuparams.n_threads = config.threads
    params.cache_ram_mib = _PROMPT_CACHE_MIB
    if config.adapters:
        params.cache_ram_mib = 0  # it would restore what was read with another adapter
        lora = xllamacpp.CommonAdapterLoraInfo
        params.lora_adapters = [lora(str(path), 0.0) for path in config.adapters]
        params.slot_prompt_similarity = _ALIKE
    params.n_gpu_layers = 0
    params.fit_params = False  # what fits is known; llama.cpp would load the model twice for it
    params.use_jinja = True
    params.swa_full = True  # without it Gemma's sliding window throws the prompt cache away
    if not has_chat_template(weights):
        params.chat_template = base_template()
        params.antiprompt = _BASE_STOP
    return xllamacpp.Server(params)


def _tell(line: str) -> None:
    print(line, flush=True)  # noqa: T201 # the parent reads it


def _end_with_parent() -> None:
    while os.read(sys.stdin.fileno(), 1):
        pass
    if sys.platform != "win32":
        with suppress(ProcessLookupError):  # not our own group: started by hand
            os.killpg(os.getpid(), signal.SIGKILL)  # pip as well, if it is fetching
    os._exit(0)


def main() -> None:
    """Serve until the parent closes our stdin."""
    config = TypeAdapter(ChildConfig).validate_json(sys.stdin.readline())
    watcher = threading.Thread(target=_end_with_parent, daemon=True)
    watcher.start()
    try:
        server = serve(config)
    except (ConfigurationError, ImportError, RuntimeError) as error:
        sys.exit(str(error))
    _tell(READY)
    watcher.join()
    del server


if __name__ == "__main__":
    main()
