"""The application that ``uvicorn app.main:app`` serves."""

import gc
import sys

from app.errors import ConfigurationError
from app.factory import create_app
from app.settings import load_settings

try:
    app = create_app(load_settings())
except ConfigurationError as error:
    sys.exit(f"groundwork: {error.detail}")

# What is there now stays: the collector need not look at it again for every few requests.
gc.collect()
gc.freeze()
