"""How good each feature is on a model, and what a change of model, instruction or adapter does."""
