"""What a browser finds at the server's address."""
