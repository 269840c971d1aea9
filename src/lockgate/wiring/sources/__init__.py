"""Sources: one module each, from the table of a collection or the address of a target to its connector."""
