"""`python -m conv2d_cli` is the command."""

from conv2d_cli.cli.main import main

if __name__ == "__main__":
    main()
