"""Runs on a cluster: tiles of one store, or many files, by the processes of Dask."""
