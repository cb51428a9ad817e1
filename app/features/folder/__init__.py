"""A feature is a folder: ``feature.toml`` declares what a feature of Python would, without it."""
