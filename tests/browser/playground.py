"""The playground as a person uses it."""

import json
from dataclasses import dataclass
from typing import Any

from playwright.async_api import Locator, Page, Route, expect


@dataclass(frozen=True, slots=True)
class Playground:
    """One open page.

    Attributes:
        page: the browser's.
        origin: of the service.
    """

    page: Page
    origin: str

    async def open(self, feature: str) -> None:
        await self.page.goto(f"{self.origin}/#{feature}")
        await expect(self.panel).to_be_visible()

    @property
    def panel(self) -> Locator:
        """What is shown of the chosen feature."""
        return self.page.locator("section.feature:visible")

    @property
    def result(self) -> Locator:
        return self.panel.locator(".result")

    @property
    def state(self) -> Locator:
        return self.panel.locator(".state")

    def button(self, name: str) -> Locator:
        return self.panel.get_by_role("button", name=name, exact=True)

    def field(self, label: str) -> Locator:
        return self.panel.get_by_label(label, exact=True)

    async def pick(self, example: int) -> None:
        await self.panel.locator(".examples .chip").nth(example).click()

    async def send(self, state: str = "Done") -> dict[str, Any]:
        """Send, wait for the end, and give the body that was sent."""
        async with self.page.expect_request(lambda request: request.method == "POST") as sent:
            await self.button("Send").click()
        await expect(self.state).to_have_text(state)
        body: dict[str, Any] = json.loads((await sent.value).post_data or "")
        return body

    async def ask(self, question: str, state: str = "Done") -> dict[str, Any]:
        await self.field("Question").fill(question)
        return await self.send(state)

    async def doubt_tickets(self) -> None:
        """From now on tickets come with probabilities, which this upstream does not tell, and cut."""

        async def doubt(route: Route) -> None:
            response = await route.fetch()
            ticket = await response.json()
            ticket["confidence"] |= {"urgency": 0.42, "category": 0.0, "sentiment": 0.97}
            ticket["flags"]["truncated"] = ticket["needs_review"] = True
            await route.fulfill(response=response, json=ticket)

        await self.page.route("**/tickets", doubt)

    async def unfold(self) -> None:
        """Open or close what is folded of the form."""
        await self.panel.locator("form .more > summary").click()

    async def view(self, name: str) -> None:
        await self.panel.get_by_role("tab", name=name).click()

    async def facts(self) -> dict[str, str]:
        """The status line."""
        names = await self.panel.locator(".facts dt").all_inner_texts()
        values = await self.panel.locator(".facts dd").all_inner_texts()
        return dict(zip(names, values, strict=True))
