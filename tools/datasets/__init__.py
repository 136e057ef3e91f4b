"""The data sets of tools/get-data, one source a module."""
