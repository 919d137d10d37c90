"""The models, one provider a file or folder; base.py says what they are to the rest of the house."""

import os

# OpenMP reads it when an engine loads it: threads that wait for each other are to sleep. By default they spin, each on
# a core of its own, and where another process wants one of the cores they spin until the scheduler stops them: on two
# cores, beside one busy process, both Whispers took five times as long.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
