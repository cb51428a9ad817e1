"""``docs/models.md`` names settings, tests and services that there are."""

import re
from io import StringIO
from pathlib import Path

import pytest
from dotenv import dotenv_values

from app.settings import Settings, environment_name

PAGE = Path("docs/models.md").read_text("utf-8")
BLOCKS = re.findall(r"^```ini\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
FIELDS = {environment_name(*item): item[0] for item in Settings.model_fields.items()}


@pytest.mark.parametrize("block", BLOCKS)
def test_settings_are_valid(block: str) -> None:
    values = dotenv_values(stream=StringIO(block))
    settings = Settings.model_validate({FIELDS[name]: value for name, value in values.items()})
    assert settings.upstream_key or settings.base_url or settings.model_name.provider == "embedded"


def test_names_of_settings_are_right() -> None:
    assert BLOCKS
    assert set(re.findall(r"GROUNDWORK_[A-Z_]+", PAGE)) <= FIELDS.keys()


def test_tests_that_it_names_are_there() -> None:
    for path, function in re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", PAGE):
        assert f"def {function}" in Path(path).read_text("utf-8")


def test_compose_services_are_there() -> None:
    compose = Path("docker-compose.yml").read_text("utf-8")
    for service in re.findall(r"docker compose up ([\w-]+)", PAGE):
        _, there, definition = compose.partition(f"\n  {service}:\n")
        assert there, service
        settings = definition.partition("\n\n")[0]
        block = next(b for b in BLOCKS if service.removeprefix("groundwork-") in b)
        for name, value in dotenv_values(stream=StringIO(block)).items():
            assert f"{name}: {value}\n" in settings
