"""The server's side: the embedded Triton, and the model repository it serves."""
