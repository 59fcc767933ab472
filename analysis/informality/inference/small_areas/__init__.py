"""Estimates for areas with few cases, from their direct estimates and what is known of every area."""
