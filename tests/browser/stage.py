"""The service with a fourth feature, and with answers that a script gives. Run as a program.

What answers look like depends on the model and the documents; on the stage each question tells
which of all that their wire can say comes back.
"""

import sys

import uvicorn

from app.factory import create_app
from app.features import FEATURES, FeaturePackage, answers
from app.settings import Settings
from app.web.connection import Connection
from tests.browser import staged_answers
from tests.features import titles


def _features(*, staged: bool) -> list[FeaturePackage]:
    features: list[FeaturePackage] = [*FEATURES, titles]
    if staged:
        features[features.index(answers)] = staged_answers
    return features


def main() -> None:
    """Serve at ``GROUNDWORK_PORT``; with the argument ``staged``, answers are by a script."""
    settings = Settings()
    app = create_app(settings, features=_features(staged="staged" in sys.argv))
    uvicorn.run(app, port=settings.port, http=Connection, log_config=None, access_log=False)


if __name__ == "__main__":
    main()
