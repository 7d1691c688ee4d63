"""HTTP interface and web page of the loan book."""
