"""Fine-tuning: a small adapter (LoRA) for one feature, on the team's own examples.

Only :mod:`app.tuning.training` and what it imports need the extra ``tune`` (PyTorch); the service
imports none of this.
"""
