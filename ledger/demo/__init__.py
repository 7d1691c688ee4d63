"""The demonstration: a portfolio that lives through everything that can happen to a loan."""
