"""The stages of `bench/gpu_visit.py`."""
