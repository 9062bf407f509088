"""One call to a system: the request as it is sent, its deadline, what its response means, and the error it ends in."""
