"""Drop folders (thư mục nhận tệp): read the files and archives that an agency puts into one folder, within limits."""

from cchc_connect.inbox.folder import Inbox, Look
from cchc_connect.inbox.limits import InboxLimits
from cchc_connect.inbox.streams import Member

__all__ = ["Inbox", "InboxLimits", "Look", "Member"]
