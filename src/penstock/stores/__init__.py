"""State that outlives a process, or that several share: keys, the books, whose objects are, the vault, counters.

The only room that drives a database. What differs between SQLite and PostgreSQL stands behind small functions
(``turns``); ``site`` says where one gateway keeps all of it. What is a rule stands elsewhere.
"""
