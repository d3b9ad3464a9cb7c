"""The database's history, one revision a file, in Alembic's form. ``HEAD`` is the newest: a database that stands
there already is opened without loading Alembic.
"""

HEAD = "0017"
