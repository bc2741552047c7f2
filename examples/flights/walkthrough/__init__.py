"""Everything around the feature project: loading the data, the demo's five steps and their checks."""
