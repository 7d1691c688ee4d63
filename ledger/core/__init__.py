"""Pure rules: same input, same bytes out, on every machine. No I/O, clock or floats."""
