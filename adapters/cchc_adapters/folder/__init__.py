"""Adapter `folder`: files that an agency puts into a folder, on this machine or on an SFTP server."""
