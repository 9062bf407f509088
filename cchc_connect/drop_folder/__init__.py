"""Drop folders (thư mục nhận tệp): read the files and archives that an agency puts into one folder, within limits."""

from cchc_connect.drop_folder.folder import DropFolder, FolderListing
from cchc_connect.drop_folder.streams import DropFolderLimits, Member

__all__ = ["DropFolder", "DropFolderLimits", "FolderListing", "Member"]
