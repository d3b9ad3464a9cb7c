"""The books: a journal that survives a killed process, entries, prices, and reports over them."""
