"""Reading the shared database by its driver alone, for a light start: plain SQL, no SQLAlchemy, no record classes."""
