"""An invented province drawn from a seed: communes, people, parcels, permits, dossiers, defects and edits."""
