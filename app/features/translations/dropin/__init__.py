"""The same translations for clients of DeepL's and LibreTranslate's APIs."""

from app.features.translations.dropin import deepl, libretranslate

ROUTERS = (deepl.router, libretranslate.router)

__all__ = ["ROUTERS"]
