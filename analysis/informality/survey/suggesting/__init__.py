"""What a survey file seems to hold: its columns described, recognised, and written down as an unfinished profile."""
