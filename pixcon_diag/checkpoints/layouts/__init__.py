"""The layouts of checkpoint files met in the wild, one module each; `registry.py` lists them."""
