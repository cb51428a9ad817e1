"""Puts an adapter in place of what a feature is served with, if the gate finds it better."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import click

from app.embedded.adapters import NONE, AdapterFile, adapters_of
from app.embedded.models import find_model
from app.errors import ConfigurationError
from app.evaluation.gate.asking import Evaluator
from app.evaluation.gate.command import EXITS, ask_both
from app.evaluation.gate.report import Report, markdown, table
from app.evaluation.gate.sides import Baseline, Side, compared
from app.features.feature import Feature
from app.settings import load_settings

_NO_CHEAPER: Final = EXITS["undecided"]


@dataclass(frozen=True, slots=True)
class Acceptance:
    """The gate for an adapter on its own base."""

    feature: Feature[Any, Any]
    base: str  # an embedded model's name, a file, or nothing for the default
    folder: Path  # the adapter
    place: Path  # a link to the adapter that is in place, or nothing yet

    def check(self) -> None:
        """See that there is what to compare with; ``ConfigurationError`` if not."""
        if self.place.exists() and not self.place.is_symlink():
            raise ConfigurationError(f"--accept: {self.place} is there, and no link to an adapter.")
        if not self.feature.cases:
            raise ConfigurationError(f"--accept: {self.feature.name} has no cases.")
        self._files(self._in_place())

    def decide(self) -> int:
        """Ask both sides; the exit code, 0 if the adapter is in place."""
        model = f"embedded:{self.base}" if self.base else "embedded"
        before, after = (
            Side(model, adapters=f"{self.feature.name}={folder}")
            for folder in (self._in_place(), self.folder)
        )
        evaluator = Evaluator([self.feature.name], None, 1)
        old, new = ask_both((before, after), (str(before), str(after)), evaluator)
        report = compared(old, new)
        was, would_be = (_tokens(side, report) for side in (old, new))
        click.echo(f"{table(report)}\n\nTokens of all cases: {was:,} before, {would_be:,} after.")
        (self.folder / "gate.md").write_text(markdown(report), "utf-8")
        if report.ruling == "better" or (report.ruling == "same" and would_be < was):
            self._put()
            return 0
        click.echo(f"{self.place} stays as it was; the new adapter is in {self.folder}.")
        return EXITS[report.ruling] or _NO_CHEAPER

    def _in_place(self) -> Path | str:
        """The folder of the adapter that the feature is served with now, or ``none``."""
        named = load_settings().adapters.get(self.feature.name)
        if self.place.exists():
            return self.place
        if named and Path(named) != self.place:
            return named
        shipped = self._files()
        return shipped[0].path.parent if shipped else NONE

    def _files(self, folder: Path | str | None = None) -> list[AdapterFile]:
        """The feature's adapter of that folder, or the one that comes with Groundwork, if any."""
        named = {self.feature.name: str(folder)} if folder else {}
        files = adapters_of(find_model(self.base), named)
        return [each for each in files if each.feature == self.feature.name]

    def _put(self) -> None:
        """Let the link point to a copy beside it, of the adapter's own name: at once or not at all."""
        (adapter,) = self._files(self.folder)
        kept, link = (self.place.with_name(f"{adapter.name}{end}") for end in ("", ".link"))
        unneeded = shutil.ignore_patterns("checkpoint.*")
        shutil.copytree(self.folder, kept, ignore=unneeded, dirs_exist_ok=True)
        link.unlink(missing_ok=True)
        link.symlink_to(kept.name)
        link.replace(self.place)
        click.echo(f"{self.place} is {kept.name} now.")


def _tokens(side: Baseline, report: Report) -> int:
    """All tokens of the cases that both sides answered."""
    unpaired = {each for verdict in report.verdicts for each in verdict.unpaired}
    return sum(
        outcome.input_tokens + outcome.output_tokens
        for evaluation in side.evaluations
        for outcome in evaluation.outcomes
        if outcome.id not in unpaired
    )
