"""The command line: the only place that imports click and rich."""

import os

# Threads that wait for each other give up their core instead of spinning. Where cores are shared (loader workers, a
# second run) spinning made a step ten times slower; where they are not, it gains nothing. Read when torch is loaded.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
