"""The laws of counters: one suite for every store, with a plain model that says what they must answer."""
