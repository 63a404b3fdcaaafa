"""The report from operation: what an endpoint did over days, in the formats of every report."""
