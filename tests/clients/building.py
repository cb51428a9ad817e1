"""Generate and compile each client in a folder of its own, and say how its tour is started.

The tours (``python/``, ``typescript/``, ``go/``, ``java/``) are programs as a user would write
them. ``make test-clients`` installs the toolchains into ``.clients/``.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from app.factory import create_app
from app.settings import Settings

Command = tuple[str, ...]
Builder = Callable[[], Command]

_HERE = Path(__file__).parent
_CLIENTS = Path(".clients").resolve()
DOCUMENT = _CLIENTS / "openapi.json"

_TOOLS = _CLIENTS / "tools" / "bin"
_MODULES = _CLIENTS / "typescript" / "node_modules" / ".bin"
_SECONDS = 1_200  # to a model that shares two cores, or a compiler
_TEXT_OR_LIST = ("Q", "Translatedtext", "Detectedlanguage")
# A model of a form is not left out: with one, Java imports it.
_LEFT_OUT = ("apiTests", "modelTests", "apiDocs", "modelDocs", "skipFormModel")


def run(*command: str | Path, folder: Path = _CLIENTS, **environment: str) -> str:
    """What ``command`` prints; it has to succeed.

    Args:
        command: a program, ours before those of the machine, and its arguments.
        folder: where it runs.
        environment: variables beside the machine's.
    """
    search = {"PATH": os.pathsep.join([str(_TOOLS), str(_MODULES), os.environ["PATH"]])}
    done = subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        env=os.environ | search | environment,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    assert done.returncode == 0, f"{command[0]}: {done.stdout}\n{done.stderr}"
    return done.stdout


def write_document() -> None:
    """The committed document, and the sample's features, whose folders have no Python."""
    sample = Settings(model="openai:any", base_url="http://127.0.0.1", features=Path("sample"))
    DOCUMENT.parent.mkdir(exist_ok=True)
    DOCUMENT.write_text(json.dumps(create_app(sample).openapi()), "utf-8")


def python() -> Command:
    """openapi-python-client; mypy --strict over what it made and the tour."""
    folder = _fresh("python", "python")
    run(
        *("openapi-python-client", "generate", "--meta", "none", "--fail-on-warning"),
        *("--path", DOCUMENT, "--config", "generator.yml", "--output-path", "groundwork_client"),
        folder=folder,
    )
    run("mypy", "--strict", "--cache-dir", _CLIENTS / "mypy", ".", folder=folder)
    return str(_TOOLS / "python"), str(folder / "tour.py")


def openapi_typescript() -> Command:
    """openapi-typescript's types, with openapi-fetch; tsc, strict."""
    folder = _fresh(
        "typescript/openapi-fetch",
        "typescript/openapi_fetch.ts",
        "typescript/events.ts",
        "typescript/tsconfig.json",
    )
    run(
        *("openapi-typescript", DOCUMENT, "--output", "generated/schema.d.ts"),
        "--default-non-nullable=false",  # a field of a request that has a default may be left out
        folder=folder,
    )
    run("tsc", folder=folder)
    return str(_TOOLS / "node"), str(folder / "built" / "openapi_fetch.js")


def hey_api() -> Command:
    """@hey-api/openapi-ts, which makes functions that stream; tsc, strict."""
    program = ("typescript/hey_api.ts", "typescript/openapi-ts.config.js")
    folder = _fresh("typescript/hey-api", *program, "typescript/tsconfig.json")
    shutil.copy(DOCUMENT, folder)
    run("openapi-ts", "--no-log-file", folder=folder)
    run("tsc", folder=folder)
    return str(_TOOLS / "node"), str(folder / "built" / "hey_api.js")


def go() -> Command:
    """openapi-generator for Go; vet compiles, too."""
    folder = _fresh("go", "go")
    _openapi_generator(folder, "go", "groundwork", packageName="groundwork")
    # Neither the module proxy nor another toolchain is asked: the client needs no module.
    closed = {"GOPROXY": "off", "GOTOOLCHAIN": "local", "GOFLAGS": "-mod=mod"}
    caches = {"GOCACHE": str(_CLIENTS / "go-cache"), "GOPATH": str(_CLIENTS / "go-path")}
    run("go", "vet", "./...", folder=folder, **closed, **caches)
    run("go", "build", "-o", "built", ".", folder=folder, **closed, **caches)
    return (str(folder / "built"),)


def java() -> Command:
    """openapi-generator for Java's own HTTP client; javac, of 17 or later.

    What is a text or a list, as LibreTranslate has it, is an ``Object``: the generator's classes
    for such unions do not compile. Jackson, which the client needs, comes out of the generator's
    own archive.
    """
    folder = _fresh("java", "java")
    _openapi_generator(
        folder,
        *("java", "client", "--library", "native", "--template-dir", "templates"),
        *("--schema-mappings", ",".join(f"{name}=Object" for name in _TEXT_OR_LIST)),
        openApiNullable="false",
        invokerPackage="example.groundwork",
        apiPackage="example.groundwork.api",
        modelPackage="example.groundwork.model",
    )
    (archive,) = (_CLIENTS / "tools").glob("lib/*/site-packages/openapi_generator_cli/*.jar")
    sources = [*folder.glob("*.java"), *(folder / "client" / "src" / "main").rglob("*.java")]
    path = f"{archive}{os.pathsep}{folder / 'built'}"
    run("javac", "-d", "built", "-cp", path, *sources, folder=folder)
    return "java", "-cp", path, "Tour"


BUILDERS: dict[str, Builder] = {
    "openapi-python-client": python,
    "openapi-fetch": openapi_typescript,
    "hey-api": hey_api,
    "go": go,
    "java": java,
}


def _openapi_generator(
    folder: Path, generator: str, output: str, *options: str, **properties: str
) -> None:
    listed = {"useOneOfDiscriminatorLookup": "true", "withGoMod": "false"} | properties
    run(
        *("openapi-generator-cli", "generate", "--input-spec", DOCUMENT),
        *("--generator-name", generator, "--output", output),
        *("--global-property", ",".join(f"{name}=false" for name in _LEFT_OUT)),
        *("--additional-properties", ",".join(f"{key}={value}" for key, value in listed.items())),
        *options,
        folder=folder,
    )


def _fresh(name: str, *sources: str) -> Path:
    """A folder with copies of the ``sources``: files, or all that is in a folder."""
    folder = _CLIENTS / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for source in sources:
        path = _HERE / source
        if path.is_dir():
            shutil.copytree(path, folder, dirs_exist_ok=True)
        else:
            shutil.copy(path, folder)
    return folder
