"""The ledger: agreements, the chain's mirror, double-entry books, and the checks on them."""
