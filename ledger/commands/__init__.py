"""The commands of ``loanbook``, one module each; ``ledger.cli`` puts them together."""
