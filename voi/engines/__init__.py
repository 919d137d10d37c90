"""The engines (models), one provider in each file or folder; `base.py` has their Protocols."""

import os

# OpenMP reads this when an engine loads it: threads that wait for each other should sleep. By default they spin, each
# on its own core, even while another process wants that core. On two cores, beside one busy process, both Whisper
# engines took five times as long.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
