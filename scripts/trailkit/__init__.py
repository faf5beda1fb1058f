"""Writers of what a cloud account records about itself: CloudTrail, flow logs, findings."""
