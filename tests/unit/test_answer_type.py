"""What kind of thing is asked for, and which sentences have it."""

import pytest

from app.features.answers.answer_type import answer_type
from app.features.answers.relevance import Relevance
from app.knowledge.sources import Source
from app.knowledge.splitting import split

ASKED = {
    "money": [
        "What does the lamp cost?", "How much is express shipping?", "Price of the cover", "How expensive is it?",
        "Was kostet das Kabel?", "Combien coûte le câble ?", "¿Cuánto cuesta el cable?", "Quanto costa il cavo?",
        "Wat kost de kabel?", "What do I pay for a repair?",
    ],
    "weight": ["How heavy is it?", "What does the lamp weigh?", "Wie schwer ist die Lampe?"],
    "loudness": ["How loud is the grinder?", "Wie laut ist die Mühle?"],
    "light": ["How bright is the lamp?", "Combien de lumens produit la lampe ?"],
    "frequency": ["Which frequency does it use?", "What refresh rate in hertz has the screen?"],
    "duration": ["How long does it take?", "How many years of warranty are there?", "Wie lange dauert das?"],
    "release": ["When will the new lamp be released?"],
    "time": ["When is the chat staffed?", "By what time do I have to order?", "Wann kommt das Paket?"],
    "number": ["How many lamps fit?", "How often must I clean it?", "Wie viele Lampen passen?"],
    "name": ["Which company makes the pump?", "Who designed the lamp?", "Where is the lamp made?"],
    None: ["Can I pay by card?", "What does E4 mean?", "Where is the serial number?", "Who may use it?",
           "How do I clean it?", "Is it heavy?"],
}  # fmt: skip


@pytest.mark.parametrize(("name", "question"), [(n, q) for n, some in ASKED.items() for q in some])
def test_words_tell_what_is_asked_for(name: str | None, question: str) -> None:
    kind = answer_type(question)
    assert (kind and kind.name) == name


@pytest.mark.parametrize(
    ("question", "text", "is_in"),
    [
        ("What does it cost?", "The cover costs 129 euros.", True),
        ("What does it cost?", "Cover | IP-K2 | EUR 129", True),
        ("What does it cost?", "Returns are free.", True),
        ("What does it cost?", "It uses 25 kWh in a year.", False),
        ("How heavy is it?", "It weighs 1.9 kg.", True),
        ("How heavy is it?", "It is 1.9 m high.", False),
        ("How loud is it?", "It reaches 58 decibels.", True),
        ("How loud is it?", "It is set to 5.", False),
        ("How long does it take?", "The program takes half an hour.", True),
        ("How long does it take?", "It runs overnight.", True),
        ("How long does it take?", "It uses two tablets.", False),
        ("Wie lange dauert das?", "Das dauert zehn Minuten.", True),
        ("When will it be released?", "It comes in spring 2027.", True),
        ("When will it be released?", "The warranty lasts two years.", False),
        ("When will it be released?", "You may separate or mark it in the settings.", False),
        ("When will it be released?", "It comes in May.", True),
        ("When is the chat staffed?", "It is staffed on Saturdays.", True),
        ("How many fit?", "The S2 fits.", False),
        ("Which company makes the pump?", "The pump is made by Fluxo in Turin.", True),
        ("Which company makes the pump of the Brewly?", "It is in the Brewly.", False),
        ("Where is it made?", "It can be made warmer.", False),
    ],
)
def test_an_answer_has_the_kind_of_thing(question: str, text: str, is_in: bool) -> None:
    kind = answer_type(question)
    assert kind
    assert kind.is_in(text, question) == is_in


def test_it_comes_first_and_implies_words_of_the_question() -> None:
    text = "The lamp is heavy at the foot. The lamp has 1.9 kg without the plug."
    passages = split(Source(id="lamp", title="Lamp", text=text))
    relevance = Relevance("How heavy is the lamp?", passages)
    assert relevance.ranked[0].text == "The lamp has 1.9 kg without the plug."
    assert relevance.coverage("The lamp has 1.9 kg.", passages[0]) == 1
    assert relevance.coverage("The lamp is heavy.", passages[0]) == 0
