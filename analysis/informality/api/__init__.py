"""The Python API: what a study does from its YAML files, asked from Python. It computes nothing of its own.

``survey``, ``frames``, ``waves``: what is asked; ``asked``: from what a user writes to a checked question. ``estimates``,
``comparing``, ``models``, ``gaps``: the functions. ``results``, ``fits``, ``effects``: what they return. The names users see are
listed in ``informality/__init__.py``, a line for each.
"""
