"""The known layouts of checkpoint files, one module each; `registry.py` lists them."""
