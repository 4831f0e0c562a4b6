"""The terminal: options, streams, the environment and exit codes; one short file per command."""
