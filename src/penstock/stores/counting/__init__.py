"""Where limits are counted: a store for each kind of place, all of them held to one suite of laws."""
