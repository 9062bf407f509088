"""Files and archives that others drop for us: read below one folder, whole and within limits, or refused."""

from cchc_connect.drop_folder.folder import Inbox, Look
from cchc_connect.drop_folder.limits import InboxLimits
from cchc_connect.drop_folder.streams import Member

__all__ = ["Inbox", "InboxLimits", "Look", "Member"]
