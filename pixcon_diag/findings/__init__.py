"""Findings: rules over the stored numbers of a study, each with its threshold, evidence and remedy."""
