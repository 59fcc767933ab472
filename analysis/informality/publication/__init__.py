"""Publication: the results table turned into tables, figures, reports. Nothing here computes an estimate."""
