"""May this model, instruction or adapter take the place of that one?"""
