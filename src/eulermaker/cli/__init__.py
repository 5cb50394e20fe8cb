"""The command line of EulerMaker, a client of the server's API."""
