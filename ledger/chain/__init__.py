"""The way to the chain: reads, typed contracts, keys and deployment."""
