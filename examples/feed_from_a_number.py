"""Print the changes after a number of the feed; go on after the last one: `feed_from_a_number.py DATABASE N`."""

import sys

from cchc_connect import SharedDatabase, changes

with SharedDatabase(sys.argv[1]) as database:
    for change in changes(database, after=int(sys.argv[2])):
        print(change.sequence, change.operation, change.record_type, change.record_key)
