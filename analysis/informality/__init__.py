"""From labour-force-survey microdata to a publication on informal employment."""

__version__ = "0.1.0"
