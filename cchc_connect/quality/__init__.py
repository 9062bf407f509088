"""How well the databases of the province's list are connected and shared, and how good the agencies' records are."""
