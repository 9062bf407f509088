"""What a person or a program asks a shared database first: its runs and its present state."""
