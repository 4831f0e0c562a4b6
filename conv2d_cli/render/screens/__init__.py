"""What each command shows a person: facts of a report to blocks, one file a command."""
