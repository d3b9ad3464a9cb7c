"""WHAT is private in a text: rules, checksums, lists; pure. Each file knows one kind of value; nothing is fetched."""
