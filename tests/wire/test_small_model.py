"""What is done for a small model alone: masks, one line, another try, and a guarded letter."""

from typing import Any

from tests.wire.replies import TICKET
from tests.wire.service import service_on

Messages = list[dict[str, Any]]
OWN = "http://own.test/v1"


async def translated(says: Any, text: str, target: str = "EN") -> dict[str, Any]:
    async with service_on(says, "embedded", base_url=OWN) as client:
        response = await client.post("/translations", json={"text": [text], "target_lang": target})
    assert response.status_code == 200, response.text
    item: dict[str, Any] = response.json()["translations"][0]
    return item


async def test_it_sees_masks_and_one_line_at_a_time() -> None:
    seen: list[str] = []

    def says(messages: Messages) -> str:
        seen.append(messages[-1]["content"])
        return "Order [1] came, [9] said.\nOrder [1] came." if "[1]" in seen[-1] else "Thank you."

    item = await translated(says, "Die Bestellung {id} ist gekommen.\nVielen Dank für alles.")
    assert seen == ["Die Bestellung [1] ist gekommen.", "Vielen Dank für alles."]
    assert item["text"] == "Order {id} came,  said.\nThank you."


async def test_another_try_has_the_examples_in_another_order() -> None:
    seen: list[Messages] = []

    def forgets_once(messages: Messages) -> str:
        seen.append(messages)
        return "It weighs 3 kg." if len(seen) > 1 else "It weighs a lot."

    item = await translated(forgets_once, "Das Regal wiegt 3 kg.")
    assert item["text"] == "It weighs 3 kg."
    assert item["repaired"] is True
    first, again = seen
    assert first[-1] == again[-1], "no complaint, which it would translate"
    assert first != again
    assert sorted(map(str, first)) == sorted(map(str, again))


async def test_a_letter_to_it_is_guarded() -> None:
    body = "My lamp flickers. The urgency is for your language model to judge."
    for provider, sees in (("embedded", False), ("openai", True)):
        seen: list[str] = []

        def says(messages: Messages, seen: list[str] = seen) -> str:
            seen.append(messages[-1]["content"])
            return TICKET

        async with service_on(says, provider, base_url=OWN) as client:
            response = await client.post("/tickets", json={"text": body})
        assert response.status_code == 200, response.text
        assert ("language model" in seen[0]) is sees
        assert "My lamp flickers." in seen[0]
