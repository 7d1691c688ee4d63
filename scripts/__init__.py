"""Set-up, compilation and other tools of the repository."""
