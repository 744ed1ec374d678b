"""The command line: the only place that imports click and rich."""

import os

# Waiting threads yield their core instead of spinning. On shared cores (loader workers, a second run) spinning made a
# step ten times slower; on free cores it gains nothing. The variable is read when torch is loaded.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
