"""Running and comparing: the environment, one process per measurement, parity, tables."""
