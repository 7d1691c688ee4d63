"""What the API answers: one model for each thing, shown alike wherever it appears."""
