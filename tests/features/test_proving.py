"""The proofs that a feature takes by name."""

from pathlib import Path
from typing import Any

import pytest

from app.features.proofs import PROOFS, Check, finding_of

SOURCE = (
    "Write to help@lumo.example about {order} 4711, see https://lumo.example/x 😀\nThanks <b>!</b>"
)


def look(name: str, said: list[str], read: str = SOURCE, **arguments: Any) -> Check | None:
    kind, look = PROOFS[name]
    return look(kind.model_validate(arguments), read, said)


PROVEN: dict[str, tuple[list[str], list[str], dict[str, Any]]] = {
    "max_length": (["12345", "1"], ["1", "123456"], {"characters": 5}),
    "one_line": (["One.", ""], ["One.\nTwo."], {}),
    "verbatim_in": (["help@lumo.example  about"], ["help@lumo.test"], {}),
    "one_of_catalogue": (["LUMO-s2"], ["Lumo S4"], {"values": ["Lumo S2", "Lumo S3"]}),
    "keeps_placeholders": (["{order}"], ["{Bestellung}"], {}),
    "keeps_urls": (["Siehe https://lumo.example/x."], ["https://lumo.example"], {}),
    "keeps_emails": (["help@lumo.example"], [""], {}),
    "keeps_emoji": (["😀"], ["😀😀"], {}),
    "keeps_numbers": (["4 711".replace(" ", "'")], ["4712"], {}),
    "keeps_line_breaks": (["One\ntwo"], ["One"], {}),
    "keeps_markup": (["<b>x</b>"], ["<b>x"], {}),
    "adds_no_numbers": (["4711 or 4711", "none"], ["4711 and 12"], {}),
    "adds_no_urls": (["https://lumo.example/x"], ["https://evil.example"], {}),
    "adds_no_emails": (["help@lumo.example"], ["help@evil.example"], {}),
}


def test_each_is_tested() -> None:
    assert PROVEN.keys() == PROOFS.keys()


@pytest.mark.parametrize("name", PROVEN)
def test_it_tells_right_from_wrong(name: str) -> None:
    right, wrong, arguments = PROVEN[name]
    kept, broken = (look(name, said, **arguments) for said in (right, wrong))
    assert kept
    assert kept.kept
    assert broken
    assert not broken.kept
    assert bool(finding_of([broken])) == broken.repairable
    assert broken.repairable == (not name.endswith("numbers"))


@pytest.mark.parametrize(
    "name", ["verbatim_in", "keeps_urls", "keeps_numbers", "adds_no_numbers", "adds_no_urls"]
)
def test_where_there_is_nothing_to_look_at_it_says_nothing(name: str) -> None:
    assert look(name, [], read="Nothing here.") is None


def test_the_model_is_told_what_would_be_right() -> None:
    said = look("one_of_catalogue", ["Lumo S4"], values=["Lumo S2", "Lumo S3"])
    assert said
    assert finding_of([said]) == "Take one of Lumo S2, Lumo S3, not Lumo S4."


def test_a_catalogue_may_be_a_file(tmp_path: Path) -> None:
    kind, look = PROOFS["one_of_catalogue"]
    (tmp_path / "names.txt").write_text("Lumo S2\n\n Lumo S3 \n", "utf-8")
    catalogue = kind.model_validate({"file": "names.txt"}, context=tmp_path)
    check = look(catalogue, "", ["lumo s3", "Lumo S4"])
    assert check
    assert check.unexpected == ("Lumo S4",)
    for name, text in (("none.txt", None), ("blank.txt", "\n")):
        if text:
            (tmp_path / name).write_text(text, "utf-8")
        with pytest.raises(ValueError, match=name):
            kind.model_validate({"file": name}, context=tmp_path)
    with pytest.raises(ValueError, match="it has values"):
        kind.model_validate({})
