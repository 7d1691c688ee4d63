"""Random histories of the contract against an independent model, integer by integer."""
