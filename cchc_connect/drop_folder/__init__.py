"""Drop folders (thư mục nhận tệp): read the files and archives that an agency puts into one folder, within limits."""

from cchc_connect.drop_folder.folder import Inbox, Look
from cchc_connect.drop_folder.streams import InboxLimits, Member

__all__ = ["Inbox", "InboxLimits", "Look", "Member"]
