"""Files and archives that others drop for us: read below one folder, whole and within limits, or refused."""

from cchc_connect.inbox.folder import Inbox, Look
from cchc_connect.inbox.limits import InboxLimits
from cchc_connect.inbox.streams import Member

__all__ = ["Inbox", "InboxLimits", "Look", "Member"]
