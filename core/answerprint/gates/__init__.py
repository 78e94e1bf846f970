"""Gates of our own, one a file; a studio's are found beside them."""
