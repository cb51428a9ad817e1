"""A file's way through a service, as somebody at a terminal sees it."""

import asyncio
import sys
import time
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final, Self

import click

from app.commands.batch.service import BatchService, Report, key_of, patiently

_POLL_SECONDS: Final = 1.0
_STILL: Final = 5  # looks without progress, after which it is asked why
_LINE_SECONDS: Final = 10.0


@dataclass(slots=True)
class Run:
    """A file on its way through a service."""

    file: Path
    text: str | None
    said: dict[str, str]
    out: Path
    again: bool
    report: Report | None = None

    async def follow(self, service: BatchService) -> Report:
        """Have it done, or go on with it; how it ended."""
        if self.text is not None:
            self.said[await service.text_field(self.said["feature"])] = self.text
        report = self.report = await self._begin(service)
        still, told = 0, None
        with _Bar(report["request_counts"]["total"]) as bar:
            bar.show(report)
            while report["ended_at"] is None:
                await asyncio.sleep(_POLL_SECONDS)
                before = report["progress"]
                report = self.report = await patiently(partial(service.find, report["id"]))
                bar.show(report)
                still = still + 1 if report["progress"] == before else 0
                if still % _STILL == _STILL - 1 and (why := await service.trouble()) != told:
                    told = why
                    click.echo(f"\nWaiting for the model: {why}" if why else "", err=True)
        await patiently(partial(service.save, report["id"], self.out))
        return report

    async def _begin(self, service: BatchService) -> Report:
        key = key_of(self.file, self.said)
        report, is_known = await service.start(self.file, self.said, key)
        if is_known and self.again and report["ended_at"]:
            await service.forget(report["id"])
            report, is_known = await service.start(self.file, self.said, key)
        words = f"{report['id']} goes on" if is_known else report["id"]
        if is_known and report["ended_at"]:
            words = f"{report['id']} is {report['status']} already; --again asks anew"
        click.echo(f"{words}.", err=True)
        return report

    def left(self, url: str | None) -> str:
        """What becomes of it when nobody waits."""
        if self.report is None:
            return "Nothing was begun, or the same command finds it."
        batch, counts = self.report["id"], self.report["request_counts"]
        done = f"{counts['completed'] + counts['failed']} of {counts['total']} rows are done"
        if url:
            return (
                f"{batch} goes on: {done}. The same command waits for it again; "
                f"`groundwork batch cancel {batch}` with its --url ends it."
            )
        return (
            f"{batch} stays as it is: {done}. The same command goes on with it, "
            f"as does a service on the same database."
        )


class _Bar:
    """Shows how a batch stands: a bar on a terminal, lines now and then elsewhere."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._bar: Any = click.progressbar(
            length=total,
            item_show_func=_pace,
            show_eta=False,
            show_pos=True,
            update_min_steps=0,
            file=sys.stderr,
            hidden=not sys.stderr.isatty(),
        )
        self._next = time.monotonic() + _LINE_SECONDS

    def __enter__(self) -> Self:
        self._bar.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._bar.__exit__(*error)

    def show(self, report: Report) -> None:
        counts = report["request_counts"]
        done = counts["completed"] + counts["failed"]
        self._bar.update(done - self._bar.pos, report)
        if not sys.stderr.isatty() and time.monotonic() >= self._next:
            self._next += _LINE_SECONDS
            click.echo(f"{done} of {self._total} rows  {_pace(report)}", err=True)


def _pace(report: Report | None) -> str:
    if report is None:
        return ""
    rate, left = report["rate"], report["seconds_left"]
    parts = (
        rate and f"{rate:.1f} a second",
        left and f"{timedelta(seconds=round(left))} left",
        f"{report['request_counts']['failed']} failed",
    )
    return ", ".join(filter(None, parts))
