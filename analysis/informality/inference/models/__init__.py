"""Regressions: formula, likelihood and fit, the design's covariance, and what is read off a fit."""
