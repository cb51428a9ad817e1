"""Figures of the embedded model, and the floors under them."""

from collections.abc import Sequence

from app.embedded import Engine
from app.gateway import ModelGateway
from app.provision import make_gateway
from app.settings import Settings
from tests.service import MODEL


def gateway_to(engine: Engine) -> ModelGateway:
    return make_gateway(Settings(model=MODEL), engine)


class Floors:
    """Collects figures, prints them, and tells which lie under their floor."""

    def __init__(self, feature: str, count: int) -> None:
        self._lines = [f"{feature}: {count} cases"]
        self.missed: list[str] = []

    def add(self, name: str, figure: float, floor: float, *, most: bool = False) -> None:
        word = "at most" if most else "at least"
        line = f"  {name:32} {figure:6.1f}   {word} {floor:g}"
        self._lines.append(line)
        if figure > floor if most else figure < floor:
            self.missed.append(line)

    def tell(self, name: str, figure: str) -> None:
        """A figure without a floor."""
        self._lines.append(f"  {name:32} {figure}")

    def report(self) -> None:
        print("\n" + "\n".join(self._lines))  # noqa: T201 # the figures are what one runs it for
        assert not self.missed, self.missed


def percent(hits: Sequence[bool]) -> float:
    return 100 * sum(hits) / len(hits)
