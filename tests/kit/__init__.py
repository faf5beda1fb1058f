"""What the end-to-end tests share: TAP lines, runs of the sensor, EVE rules and the truth files."""
