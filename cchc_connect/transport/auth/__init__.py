"""How a request proves who sends it: account schemes, logins shared by workers and processes, message signatures."""
