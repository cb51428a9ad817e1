"""The bill of materials (CycloneDX) of the environment that runs this, and of a model's weights.

``PATH=<where cyclonedx-py is>:$PATH python -m deploy.sbom [MODEL] > sbom.cdx.json``
"""

import json
import subprocess
import sys
from typing import Any

from app import __version__
from app.embedded.models import Model, find_model

_COMMAND = (
    *("cyclonedx-py", "environment", "--pyproject", "pyproject.toml"),
    *("--short-PURLs", "--output-reproducible", "--no-validate", sys.executable),  # tests validate
)


def bill_of_materials(model: Model | None) -> dict[str, Any]:
    """What is installed, with licences and what needs what, and ``model``'s weights."""
    made = subprocess.run(_COMMAND, check=True, stdout=subprocess.PIPE)
    bill: dict[str, Any] = json.loads(made.stdout)
    described, tools = bill["metadata"]["component"], bill["metadata"]["tools"]["components"]
    described["version"] = __version__
    if model is not None:
        bill["components"].append(weights(model))
        bill["dependencies"].append({"ref": model.file})
        of_all = next(each for each in bill["dependencies"] if each["ref"] == described["bom-ref"])
        of_all.setdefault("dependsOn", []).append(model.file)
    for component in (described, *tools, *bill["components"]):
        component.pop("externalReferences", None)  # addresses, which change and identify nothing
    return bill


def weights(model: Model) -> dict[str, Any]:
    """A model's file as a component."""
    return {
        "type": "machine-learning-model",
        "bom-ref": model.file,
        "name": model.name,
        "hashes": [{"alg": "SHA-256", "content": model.sha256}],
        "licenses": [{"expression": model.licence}],
    }


if __name__ == "__main__":
    names = sys.argv[1:]
    json.dump(bill_of_materials(find_model(names[0]) if names else None), sys.stdout, indent=2)
