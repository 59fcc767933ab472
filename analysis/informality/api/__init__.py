"""The Python API: what a study does from its YAML files, asked from Python. It computes nothing of its own."""
