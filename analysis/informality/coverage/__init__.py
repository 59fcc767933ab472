"""Coverage extension: who could be covered, who would join, what it costs, and how sure that is.

Rules and rates are data (:mod:`~informality.coverage.scheme`); each stage is one module with pure functions of
arrays; :func:`~informality.coverage.simulate.simulate` runs them over the workers of a survey.
"""
