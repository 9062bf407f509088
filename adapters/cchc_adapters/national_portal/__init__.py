"""National public service portal (Cổng Dịch vụ công quốc gia): procedures come from it, dossiers and steps go to it."""
